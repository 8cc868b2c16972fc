import { expect, test } from "vitest";
import { AnswerReader, field, type HttpAnswer } from "./answer-reader.ts";

function read(...chunks: readonly Buffer[]): HttpAnswer | undefined {
  const reader = new AnswerReader();
  const answers = chunks.map((chunk) => reader.take(chunk));
  expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true);
  return answers.at(-1);
}

/** The bytes cut in two at every place, and cut into single bytes. */
function cuts(bytes: Buffer): readonly (readonly Buffer[])[] {
  const inTwo = Array.from({ length: bytes.length - 1 }, (_, at) => [
    bytes.subarray(0, at + 1),
    bytes.subarray(at + 1),
  ]);
  return [[bytes], ...inTwo, Array.from(bytes, (byte) => Buffer.of(byte))];
}

test("an answer with a length is complete with its last byte, however it was cut", () => {
  const bytes = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\näöü");
  for (const chunks of cuts(bytes)) expect(read(...chunks)).toMatchObject({ status: 200, body: "äöü" });
});

test("a chunked answer is complete with its last chunk, even when it holds what looks like one", () => {
  const body = "a0\r\n\r\n";
  const bytes = Buffer.from(
    `HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n${body.length}\r\n${body}\r\n2\r\nö\r\n0\r\n\r\n`,
  );
  for (const chunks of cuts(bytes)) expect(read(...chunks)).toMatchObject({ status: 404, body: `${body}ö` });
});

test("an answer without a body is complete with its head", () => {
  expect(read(Buffer.from("HTTP/1.1 202 Accepted\r\n\r\n"))).toMatchObject({ status: 202, body: "" });
});

test("a header field is found whatever its case, and keeps the case of its value", () => {
  expect(field("HTTP/1.1 200 OK\r\nMcp-Session-Id: AbC\r\nX: y", "mcp-session-id")).toBe("AbC");
  expect(field("HTTP/1.1 200 OK\r\nX: y", "mcp-session-id")).toBeUndefined();
});
