import { expect, test } from "vitest";
import { SKIPPED_END_BYTES, skippedMessage } from "./skipped-message.ts";

/** What is left of a message whose middle was skipped. */
function ends(message: string): [Buffer, Buffer] {
  const bytes = Buffer.from(message);
  return [bytes.subarray(0, SKIPPED_END_BYTES), bytes.subarray(-SKIPPED_END_BYTES)];
}

const BIG = `{"content":[{"type":"text","text":"${"x".repeat(5_000)}"}]}`;

test.each([
  ["the id first", `{"jsonrpc":"2.0","id":7,"result":${BIG}}`, 7],
  ["the version last", `{"id":7,"result":${BIG},"jsonrpc":"2.0"}`, 7],
  ["the id last", `{"result":${BIG},"jsonrpc":"2.0","id":7}`, 7],
  ["the id behind the result", `{"jsonrpc":"2.0","result":${BIG},"id":7}`, 7],
  ["the id, then the version", `{"result":${BIG},"id":7,"jsonrpc":"2.0"}`, 7],
  ["blanks and a carriage return", `{ "result" : ${BIG} , "id" : 7 , "jsonrpc" : "2.0" }\r`, 7],
  ["an id that is text", `{"result":${BIG},"jsonrpc":"2.0","id":"a-7"}`, "a-7"],
  ["an error", `{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"${"x".repeat(5_000)}"}}`, 7],
])("an answer with %s tells its id", (_name, message, id) => {
  expect(skippedMessage(...ends(message))).toEqual({ kind: "response", id });
});

test.each([
  ["an id inside of the result only", `{"result":{"a":"${"x".repeat(5_000)}","id":7}}`],
  ["an id at the end of a text", `{"jsonrpc":"2.0","result":{"a":"${"x".repeat(5_000)},\\"id\\":7}"}}`],
  ["a name that ends in id", `{"jsonrpc":"2.0","result":{"a":"${"x".repeat(5_000)}"},"my,\\"id":7}`],
  ["an id that no double holds", `{"jsonrpc":"2.0","result":${BIG},"id":12345678901234567890}`],
])("an answer with %s tells none", (_name, message) => {
  expect(skippedMessage(...ends(message))).toEqual({ kind: "response", id: undefined });
});

test.each([
  ["a notification", `{"jsonrpc":"2.0","method":"notifications/message","params":${BIG}}`],
  ["a request of the server", `{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":${BIG}}`],
  ["a request with its params first", `{"params":${BIG},"method":"x","id":7,"jsonrpc":"2.0"}`],
])("%s is no answer", (_name, message) => {
  expect(skippedMessage(...ends(message))).toEqual({ kind: "other" });
});

test("what is no message tells nothing", () => {
  expect(skippedMessage(...ends("x".repeat(5_000)))).toEqual({ kind: "unknown" });
});
