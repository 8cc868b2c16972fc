import { describe, expect, it } from "vitest";
import { doorOf } from "./door-of.ts";

describe("doorOf", () => {
  it.each([
    ["/mcp", "mcp"],
    ["/servers/math/mcp", "mcp"],
    ["/metrics", "metrics"],
    ["/api/mcp_servers", "rest"],
    ["/api/", "rest"],
    ["/api", "other"],
    ["/mcp2", "other"],
    ["/metrics/x", "other"],
    ["/", "other"],
    ["", "other"],
  ])("%j belongs to %s", (path, door) => {
    expect(doorOf(path)).toBe(door);
  });
});
