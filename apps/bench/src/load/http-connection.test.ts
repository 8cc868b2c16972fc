import { expect, test } from "vitest";
import { field, parseAnswer } from "./http-connection.ts";

test("an answer with a length is complete with its last byte", () => {
  const bytes = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\näöü");
  expect(parseAnswer(bytes)).toMatchObject({ status: 200, body: "äöü" });
  for (let length = 0; length < bytes.length; length++) expect(parseAnswer(bytes.subarray(0, length))).toBeUndefined();
});

test("a chunked answer is complete with its last chunk, even when a character is split between chunks", () => {
  const bytes = Buffer.concat([
    Buffer.from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na"),
    Buffer.from("äö").subarray(0, 2),
    Buffer.from("\r\n2\r\n"),
    Buffer.from("ö"),
    Buffer.from("\r\n0\r\n\r\n"),
  ]);
  expect(parseAnswer(bytes)?.body).toBe("aäö");
  for (let length = 0; length < bytes.length; length++) expect(parseAnswer(bytes.subarray(0, length))).toBeUndefined();
});

test("a header field is found whatever its case, and keeps the case of its value", () => {
  expect(field("HTTP/1.1 200 OK\r\nMcp-Session-Id: AbC\r\nX: y", "mcp-session-id")).toBe("AbC");
  expect(field("HTTP/1.1 200 OK\r\nX: y", "mcp-session-id")).toBeUndefined();
});
