import { describe, expect, it } from "vitest";
import type { Route, RouteMethod } from "./route.ts";
import { RouteTable } from "./route-table.ts";

const route = (method: RouteMethod, path: string): Route => ({
  method,
  path,
  permission: "public",
  handle: () => undefined,
});
const table = new RouteTable([
  route("GET", "/api/things"),
  route("POST", "/api/things"),
  route("GET", "/api/things/{name}"),
  route("DELETE", "/api/things/{name}"),
  route("POST", "/api/things/special"),
  route("GET", "/api/things/{name}/parts/{part}"),
]);
const found = (method: string, path: string): unknown => {
  const match = table.match(path)?.find(method);
  return match && [match.route.path, match.params];
};

describe("a path", () => {
  it.each([
    ["GET", "/api/things", ["/api/things", {}]],
    ["HEAD", "/api/things", ["/api/things", {}]],
    ["GET", "/api/things/one", ["/api/things/{name}", { name: "one" }]],
    ["GET", "/api/things/special", ["/api/things/{name}", { name: "special" }]],
    ["POST", "/api/things/special", ["/api/things/special", {}]],
    ["GET", "/api/things/a%2Fb%20c/parts/%C3%BC", ["/api/things/{name}/parts/{part}", { name: "a/b c", part: "ü" }]],
    ["GET", "/api/things/__proto__", ["/api/things/{name}", { name: "__proto__" }]],
    ["PATCH", "/api/things/one", undefined],
    ["GET", "/api/things/", undefined],
    ["GET", "/api/things/%zz", undefined],
    ["GET", "/api/things/one/", undefined],
    ["GET", "/api/things/one/parts", undefined],
    ["GET", "//api/things", undefined],
  ])("%s %s leads to %j", (method, path, expected) => {
    expect(found(method, path)).toEqual(expected);
  });

  it.each([
    ["/api/things", "GET, HEAD, POST, OPTIONS"],
    ["/api/things/one", "GET, HEAD, DELETE, OPTIONS"],
    ["/api/things/special", "GET, HEAD, POST, DELETE, OPTIONS"],
  ])("%s allows %s", (path, allow) => {
    expect(table.match(path)?.allow).toBe(allow);
  });
});

it("two routes of one shape are an error of ours", () => {
  expect(() => new RouteTable([route("GET", "/a/{x}"), route("GET", "/a/{y}")])).toThrow("two routes are GET /a/{}");
});
