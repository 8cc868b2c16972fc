import { isSecretKey, redactText, Sensitive } from "@mcp-hangar/telemetry";
import { cpuTimeMs } from "@mcp-hangar/testing";
import { describe, expect, it } from "vitest";
import { redactFields, redactValue } from "./redact.ts";

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

describe("a key", () => {
  it.each([
    "access_token",
    "accessToken",
    "x-api-key",
    "X-API-Key",
    "apikey",
    "authorization",
    "Proxy-Authorization",
    "password",
    "db_passwd",
    "client_secret",
    "clientSecret",
    "Cookie",
    "set-cookie",
    "private_key",
    "AWS_SECRET_ACCESS_KEY",
    "GITHUB_TOKEN",
    "credentials",
    "passphrase",
    "Mcp-Session-Id",
    "refresh-token",
    "auth",
    "x-amz-signature",
    "args_hash_key",
  ])("%s hides its value", (key) => {
    expect(isSecretKey(key)).toBe(true);
    expect(redactFields({ [key]: "plain looking" })).toEqual({ [key]: "[redacted]" });
  });

  it.each([
    "tool",
    "mcp_server",
    "author",
    "key",
    "monkey",
    "max_tokens",
    "inputTokens",
    "progressToken",
    "url",
    "caller",
    "authenticated",
  ])("%s shows it", (key) => {
    expect(isSecretKey(key)).toBe(false);
    expect(redactFields({ [key]: "plain looking" })).toEqual({ [key]: "plain looking" });
  });
});

describe("a value", () => {
  it.each([
    ["Authorization: Bearer abcdef123456", "abcdef123456"],
    ["sent header bearer   abc.def-ghi_jkl", "abc.def-ghi_jkl"],
    ["Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"],
    ["key sk-proj-AbCdEf1234567890abcd used", "AbCdEf1234567890"],
    ["pk-lf-12345678-aaaa-bbbb and sk-lf-12345678-cccc-dddd", "12345678"],
    ["stripe sk_live_1234567890abcdef", "1234567890abcdef"],
    ["ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefgh"],
    ["github_pat_11ABCDEFG0123456789_abcdefghijkl", "11ABCDEFG"],
    ["glpat-abcdefghijklmnopqrst", "abcdefghijklmnop"],
    ["AWS AKIAIOSFODNN7EXAMPLE refused", "AKIAIOSFODNN7EXAMPLE"],
    ["google AIzaSyA1234567890abcdefghijklmnopqrstuvw", "AIzaSyA123"],
    ["slack xoxb-123456789012-abcdefghij", "123456789012"],
    [`token is ${JWT}!`, "dozjgNryP4J3jVmNHl0w5N"],
    ["postgres://admin:hunter2@db:5432/x failed", "hunter2"],
    ["https://:s3cr3t@host/", "s3cr3t"],
    ["redis://u:p%40ss@h and mysql://v:q@i", "p%40ss"],
    ["retry with password=hunter2 next", "hunter2"],
    ['{"api_key": "hunter2hunter2"}', "hunter2"],
    ["GITHUB_TOKEN=hunter2 npm start", "hunter2"],
    ["https://x/?a=1&access_token=hunter2&b=2", "hunter2"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIEhunter2\n-----END RSA PRIVATE KEY-----", "MIIEhunter2"],
  ])("%j is hidden in free text", (text, secret) => {
    const redacted = redactText(text);
    expect(redacted).not.toContain(secret);
    expect(redacted).toContain("[redacted]");
  });

  it("keeps what is around it readable", () => {
    expect(redactText("GET postgres://admin:hunter2@db:5432/x took 3 ms")).toBe(
      "GET postgres://admin:[redacted]@db:5432/x took 3 ms",
    );
    expect(redactText("with Bearer abcdef123456, then")).toBe("with Bearer [redacted], then");
    expect(redactText("a password=hunter2 b=2")).toBe("a password=[redacted] b=2");
  });

  it.each([
    "tool add of math took 3 ms",
    "task-12345678901234 finished",
    "http://127.0.0.1:8000/mcp",
    "git@github.com:org/repo.git",
    "the basic idea",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "5f3c1a2e-8d4b-4c6e-9f10-2b3c4d5e6f70",
  ])("%j is left alone", (text) => {
    expect(redactText(text)).toBe(text);
  });

  it("is hidden in nested objects, lists and errors", () => {
    const cause = new Error("connect to redis://u:hunter2@h failed");
    const redacted = JSON.stringify(
      redactValue({
        a: [{ headers: { authorization: "hunter2" } }],
        b: ["Bearer hunter2hunter2"],
        error: new Error("outer", { cause }),
      }),
    );
    expect(redacted).not.toContain("hunter2");
    expect(redacted).toContain("redis://u:[redacted]@h");
  });

  it("that is sensitive by type is never opened", () => {
    expect(redactValue({ result: new Sensitive({ a: 1 }) })).toEqual({ result: "[redacted]" });
  });

  it("may be cyclic, deep, wide or strange without harm", () => {
    const cyclic: Record<string, unknown> = { name: "x", big: 3n, call: () => 1, missing: undefined };
    cyclic.self = cyclic;
    expect(JSON.stringify(redactValue(cyclic))).toContain("[nested deeper]");
    expect(redactFields({ count: 3n })).toEqual({ count: "3" });
    const named = redactFields(JSON.parse('{"__proto__": {"polluted": 1}}') as object);
    expect(Object.prototype).not.toHaveProperty("polluted");
    expect(JSON.stringify(named)).toBe('{"__proto__":{"polluted":1}}');
  });

  it("costs linear time whatever it holds", () => {
    const hostile = [
      "eyJ".repeat(100_000),
      "a://".repeat(100_000),
      "//".repeat(200_000),
      "bearer ".repeat(60_000),
      "password".repeat(50_000),
      `token${" ".repeat(300_000)}`,
      "a_".repeat(200_000),
      "-----BEGIN PRIVATE KEY-----".repeat(10_000),
      `//${"a".repeat(300_000)}:`,
      `token=${'"'.repeat(300_000)}`,
      "sk-".repeat(100_000),
    ];
    for (const text of hostile) {
      expect(
        cpuTimeMs(() => void redactText(text)),
        text.slice(0, 20),
      ).toBeLessThan(1_000);
    }
  });
});
