import { expect, it } from "vitest";
import { staticHeaders as build } from "./static-headers.ts";

function staticHeaders(options: Parameters<typeof build>[0]): readonly string[] {
  return build(options, { name: "MCP Hangar", version: "0.1.0" });
}

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
