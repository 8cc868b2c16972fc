import { describe, expect, it } from "vitest";
import { encodeHeaderValue, isPlainHeaderValue } from "./header-values.ts";

describe("encodeHeaderValue", () => {
  it.each(["search", "a b", "file:///tmp/x?y=1", "~!@#$%^&*()"])("leaves the plain value %j alone", (value) => {
    expect(encodeHeaderValue(value)).toBe(value);
  });

  it.each(["größe", "工具", " padded", "padded ", "", "a\nb", "=?base64?eA==?="])(
    "wraps %j so that it can be read back",
    (value) => {
      const wrapped = encodeHeaderValue(value);
      expect(isPlainHeaderValue(wrapped)).toBe(true);
      const [, base64 = "?"] = /^=\?base64\?(.*)\?=$/.exec(wrapped) ?? [];
      expect(Buffer.from(base64, "base64").toString("utf8")).toBe(value);
    },
  );
});
