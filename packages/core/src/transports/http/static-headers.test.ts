import { describe, expect, it } from "vitest";
import { staticHeaders as build } from "./static-headers.ts";

function staticHeaders(options: Parameters<typeof build>[0]): readonly string[] {
  return build(options, { name: "MCP Hangar", version: "0.1.0" });
}

describe("staticHeaders", () => {
  it("lists configured headers and bearer or basic credentials", () => {
    expect(staticHeaders({ headers: { "X-Team": "a" }, auth: { type: "bearer", token: "t0" } })).toEqual([
      "X-Team",
      "a",
      "User-Agent",
      "MCP-Hangar/0.1.0",
      "Authorization",
      "Bearer t0",
    ]);
    const basic = { type: "basic", username: "ann", password: "pä:ss" } as const;
    expect(staticHeaders({ headers: { "user-agent": "own" }, auth: basic })).toEqual([
      "user-agent",
      "own",
      "Authorization",
      `Basic ${Buffer.from("ann:pä:ss").toString("base64")}`,
    ]);
  });

  it.each(["Mcp-Session-Id", "content-length", "HOST", "Transfer-Encoding", "traceparent", "Accept", "Mcp-Param-x"])(
    "refuses %s, which the transport sets itself",
    (name) => {
      expect(() => staticHeaders({ headers: { [name]: "x" } })).toThrow(`headers must not set ${name}`);
    },
  );

  it("refuses a header given twice in different spelling", () => {
    expect(() => staticHeaders({ headers: { "X-A": "1", "x-a": "2" } })).toThrow("twice");
  });

  it("refuses an Authorization header beside auth", () => {
    const auth = { type: "bearer", token: "t" } as const;
    expect(() => staticHeaders({ headers: { authorization: "x" }, auth })).toThrow(
      "both auth and headers.Authorization",
    );
  });

  it("refuses a value with a line break, and does not print it", () => {
    const attempt = (): unknown => staticHeaders({ headers: { "X-Key": "s3cret\r\nX-Evil: 1" } });
    expect(attempt).toThrow("headers.X-Key");
    expect(attempt).not.toThrow("s3cret");
    expect(() => staticHeaders({ headers: {}, auth: { type: "bearer", token: "s3cret\n" } })).toThrow("line break");
  });

  it("refuses a name that is no header name", () => {
    expect(() => staticHeaders({ headers: { "X Y": "1" } })).toThrow('"X Y"');
  });
});
