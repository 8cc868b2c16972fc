import { describe, expect, test } from "vitest";
import { decodeLargeMessage, decodeMessage, type IncomingMessage, type MessageBatch } from "./decode.ts";

/** Above the size from which results are relayed as bytes. */
const LARGE = "x".repeat(10_000);
const decode = (text: string): IncomingMessage | MessageBatch => decodeMessage(Buffer.from(text));

function response(text: string): { id: unknown; bytes: string | undefined; value: unknown } {
  const message = decode(text);
  if (message.kind !== "response") throw new Error(`decoded as ${JSON.stringify(message)}`);
  return { id: message.id, bytes: message.result.bytes?.toString(), value: message.result.value };
}

test.each([
  [
    "a request",
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}',
    { kind: "request", id: 1, method: "m", params: { a: 1 } },
  ],
  [
    "a request without params",
    '{"jsonrpc":"2.0","id":"1","method":"m"}',
    { kind: "request", id: "1", method: "m", params: {} },
  ],
  ["a notification", '{"jsonrpc":"2.0","method":"n","params":{}}', { kind: "notification", method: "n", params: {} }],
  [
    "an error",
    '{"jsonrpc":"2.0","id":0,"error":{"code":-1,"message":"no","data":[1]}}',
    { kind: "error", id: 0, error: { code: -1, message: "no", data: [1] } },
  ],
  [
    "an error for no request",
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}',
    { kind: "error", id: null, error: { code: -32700, message: "?" } },
  ],
  [
    "an error without an id",
    '{"jsonrpc":"2.0","error":{"code":-32700,"message":"?"}}',
    { kind: "error", id: null, error: { code: -32700, message: "?" } },
  ],
])("reads %s", (_name, text, expected) => {
  expect(decode(text)).toEqual(expected);
});

test.each([
  ["nothing", "", -32700, undefined],
  ["text that is no JSON", "hello", -32700, undefined],
  ["two documents", '{"jsonrpc":"2.0","method":"n"}{"jsonrpc":"2.0","method":"n"}', -32700, undefined],
  ["two byte order marks", '\ufeff\ufeff{"jsonrpc":"2.0","method":"n"}', -32700, undefined],
  ["an empty batch", "[]", -32600, undefined],
  ["a string", '"x"', -32600, undefined],
  ["another version", '{"jsonrpc":"1.0","id":4,"method":"m"}', -32600, 4],
  ["a null id in a request", '{"jsonrpc":"2.0","id":null,"method":"m"}', -32600, undefined],
  ["an object as id", '{"jsonrpc":"2.0","id":{},"method":"m"}', -32600, undefined],
  ["an id too large for a number", '{"jsonrpc":"2.0","id":1e999,"method":"m"}', -32600, undefined],
  ["positional params", '{"jsonrpc":"2.0","id":4,"method":"m","params":[1]}', -32600, 4],
  ["null params", '{"jsonrpc":"2.0","id":4,"method":"m","params":null}', -32600, 4],
  ["a numeric method", '{"jsonrpc":"2.0","id":4,"method":1}', -32600, 4],
  ["a request that is a response", '{"jsonrpc":"2.0","id":4,"method":"m","result":{}}', -32600, 4],
  ["result and error at once", '{"jsonrpc":"2.0","id":4,"result":{},"error":{"code":1,"message":""}}', -32600, 4],
  ["a result that is an array", '{"jsonrpc":"2.0","id":4,"result":[]}', -32600, 4],
  ["a result without id", '{"jsonrpc":"2.0","result":{}}', -32600, undefined],
  ["an error with a fractional code", '{"jsonrpc":"2.0","id":4,"error":{"code":1.5,"message":""}}', -32600, 4],
  ["an error without message", '{"jsonrpc":"2.0","id":4,"error":{"code":1}}', -32600, 4],
  ["an empty object", "{}", -32600, undefined],
  ["an envelope and nothing else", '{"jsonrpc":"2.0","id":4}', -32600, 4],
])("refuses %s", (_name, text, code, id) => {
  expect(decode(text)).toMatchObject({ kind: "invalid", code, id });
});

test("refuses bytes that are not UTF-8, in small and in large messages", () => {
  for (const size of [1, 10_000]) {
    const bytes = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"a":"${"é".repeat(size)}"}}`, "latin1");
    expect(decodeMessage(bytes)).toMatchObject({ kind: "invalid", code: -32700 });
  }
});

test("refuses documents that are nested deeper than serialisers can go", () => {
  const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  for (const pad of ["", LARGE]) {
    expect(decode(`{"jsonrpc":"2.0","id":1,"result":{"pad":"${pad}","a":${deep(5_000)}}}`).kind).toBe("invalid");
    expect(decode(`{"jsonrpc":"2.0","id":1,"result":{"pad":"${pad}","a":${deep(900)}}}`).kind).toBe("response");
  }
  expect(decode(`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${deep(100_000)}}}`)).toMatchObject({
    kind: "invalid",
    id: 1,
  });
});

test("keeps __proto__ a plain key that changes no prototype", () => {
  const message = decode('{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"polluted":1}}}');
  if (message.kind !== "request") throw new Error(message.kind);
  expect(message.params.polluted).toBeUndefined();
  expect(JSON.stringify({ ...message.params })).toBe('{"__proto__":{"polluted":1}}');
  const exact = decode('{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"n":12345678901234567890}}}');
  if (exact.kind !== "request") throw new Error(exact.kind);
  expect(exact.params.n).toBeUndefined();
  expect(JSON.stringify({ ...exact.params })).toBe('{"__proto__":{"n":12345678901234567890}}');
});

const result = `{"content":[{"type":"text","text":"${LARGE} é \\" }"}],"n":12345678901234567890}`;
test.each([
  ["with the envelope in front", `{"jsonrpc":"2.0","id":7,"result":${result}}`, 7],
  ["with id and version swapped", `{"id":7,"jsonrpc":"2.0","result":${result}}`, 7],
  ["with the envelope behind", `{"result":${result},"jsonrpc":"2.0","id":7}`, 7],
  ["with the envelope around", `{"jsonrpc":"2.0","result":${result},"id":7}`, 7],
  ["with a string id", `{"jsonrpc":"2.0","id":"7","result":${result}}`, "7"],
  ["with a line break behind it", `{"jsonrpc":"2.0","id":-7,"result":${result}}\r\n`, -7],
])("hands on the very bytes of a large result %s", (_name, text, id) => {
  expect(response(text)).toMatchObject({ id, bytes: result });
});

test.each([
  ["spaces in the envelope", `{ "jsonrpc": "2.0", "id": 7, "result": {"a":"${LARGE}"} }`],
  ["a line break between tokens", `{"jsonrpc":"2.0","id":7,"result":{"a":\n"${LARGE}"}}`],
  ["an escaped id", `{"jsonrpc":"2.0","result":{"a":"${LARGE}"},"i\\u0064":7}`],
  ["a further member", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}"},"extra":{}}`],
  ["a repeated result", `{"jsonrpc":"2.0","id":7,"result":{},"result":{"a":"${LARGE}"}}`],
  ["a repeated id", `{"jsonrpc":"2.0","id":6,"result":{"a":"${LARGE}"},"id":7}`],
  ["a repeated version", `{"jsonrpc":"2.0","jsonrpc":"2.0","result":{"a":"${LARGE}"},"id":7}`],
])("parses a large response with %s as a whole", (_name, text) => {
  expect(response(text)).toEqual({ id: 7, bytes: undefined, value: { a: LARGE } });
});

test.each([
  ["a second document in the result", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}"}{}}`],
  ["a result that is cut off", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}}`],
  ["a brace too many", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}"}}}`],
  ["a raw line break in a string", `{"jsonrpc":"2.0","id":7,"result":{"a":"\n${LARGE}"}}`],
  ["a result that is not JSON inside", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}",b}}`],
  ["an array as result", `{"jsonrpc":"2.0","id":7,"result":["${LARGE}"]}`],
  ["another version", `{"jsonrpc":"2.1","id":7,"result":{"a":"${LARGE}"}}`],
  ["no id", `{"jsonrpc":"2.0","result":{"a":"${LARGE}"}}`],
])("refuses a large response with %s", (_name, text) => {
  expect(decode(text).kind).toBe("invalid");
});

test("a string that looks like the end of an envelope is not taken for one", () => {
  const inner = `{"a":"${LARGE}","b":",\\"jsonrpc\\":\\"2.0\\",\\"id\\":9}"}`;
  expect(response(`{"jsonrpc":"2.0","id":7,"result":${inner}}`)).toMatchObject({ id: 7, bytes: inner });
  const members = `{"a":"${LARGE}","jsonrpc":"2.0","id":9}`;
  expect(response(`{"jsonrpc":"2.0","id":7,"result":${members}}`)).toMatchObject({ id: 7, bytes: members });
});

test("numbers that no double holds are written again as they came", () => {
  const params =
    '{"id":12345678901234567890,"list":[-9007199254740993,0.12345678901234567890],"text":"1234567890123456789"}';
  const message = decode(`{"jsonrpc":"2.0","id":1,"method":"m","params":${params}}`);
  if (message.kind !== "request") throw new Error(message.kind);
  expect(JSON.stringify({ ...message.params })).toBe(params);
  const small = response(`{"jsonrpc":"2.0","id":1,"result":${params}}`);
  expect(JSON.stringify(small.value)).toBe(params);
  expect(JSON.stringify(response(`{"jsonrpc":"2.0","id":7,"result":${result}}`).value)).toBe(result);
});

test("numbers that a double holds stay numbers, however long", () => {
  const message = decode(
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":0.3333333333333333,"b":1.0000000000000000,"c":9007199254740991}}',
  );
  expect(message).toMatchObject({ params: { a: 0.3333333333333333, b: 1, c: 9007199254740991 } });
});

test("an id that no double holds is refused, because it could not be given back", () => {
  expect(decode('{"jsonrpc":"2.0","id":12345678901234567890,"method":"m"}')).toMatchObject({ kind: "invalid" });
});

describe("a message that is read without being built", () => {
  const big = JSON.stringify(Array.from({ length: 80_000 }, (_, index) => ({ index, text: "é" })));
  const inTurns = (resume: () => void): void => void setImmediate(resume);

  test.each([
    ["as libraries write it", `{"jsonrpc":"2.0","id":7,"result":{"a":${big},"isError":true,"resultType":"complete"}}`],
    [
      "with the id last and blanks",
      `{ "result" : {"isError": true, "resultType":"complete",\n"a":${big}}, "id": 7, "jsonrpc": "2.0" }`,
    ],
  ])("tells what a relay has to know of it, %s", async (_name, text) => {
    for (const message of [decodeMessage(Buffer.from(text)), await decodeLargeMessage(Buffer.from(text), inTurns)]) {
      if (message.kind !== "response") throw new Error(message.kind);
      expect(message.id).toBe(7);
      expect(message.result.summary).toEqual({ isError: true, resultType: "complete", hasMeta: false });
      expect(message.result.bytes?.includes(0x0a)).toBe(false);
      expect(message.result.value).toEqual((JSON.parse(text) as { result: object }).result);
    }
  });

  test.each([
    ["cut off", `{"jsonrpc":"2.0","id":7,"result":{"a":${big}`, "it is not valid JSON"],
    ["too much to be built", `{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":${big}}}`, /more than 250000 values/],
    ["a batch", `[${big}]`, /more than 250000 values/],
    ["too deep", `{"jsonrpc":"2.0","id":7,"result":{"a":${"[".repeat(300_000)}`, /nested deeper/],
    ["two documents", `{"jsonrpc":"2.0","id":7,"result":{"a":${big}}}{}`, "it is not valid JSON"],
    [
      "a result and an error",
      `{"jsonrpc":"2.0","id":7,"result":{"a":${big}},"error":{"code":1,"message":""}}`,
      /more than/,
    ],
  ])("is refused when it is %s", async (_name, text, reason) => {
    for (const message of [decodeMessage(Buffer.from(text)), await decodeLargeMessage(Buffer.from(text), inTurns)]) {
      expect(message).toMatchObject({
        kind: "invalid",
        reason: reason instanceof RegExp ? expect.stringMatching(reason) : reason,
      });
    }
  });

  test("is built for a client, within the limit", () => {
    const text = `{"jsonrpc":"2.0","id":7,"result":{"a":${big}}}`;
    expect(decodeMessage(Buffer.from(text), false)).toMatchObject({ kind: "invalid", id: 7 });
    const long = `{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"${"x".repeat(1_000_000)}"}}`;
    expect(decodeMessage(Buffer.from(long), false)).toMatchObject({ kind: "request", id: 7 });
  });
});
