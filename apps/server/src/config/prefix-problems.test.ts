import { expect, it } from "vitest";
import { parseConfig } from "./load.ts";

const parse = (...lines: readonly string[]): unknown =>
  parseConfig(`mcp_servers:\n${lines.map((line) => `  ${line}\n`).join("")}`, {}, "test.yaml").config.mcp_servers;
const server = (id: string, prefix: string): string => `${id}: {mode: subprocess, command: node, prefix: ${prefix}}`;

it("a server or group has a prefix of its own", () => {
  const group = "all: {mode: group, members: [{id: c}], prefix: every}";
  expect(parse(server("a", "one"), server("b", "b"), server("c", "two"), group)).toMatchObject({
    a: { prefix: "one" },
    b: { prefix: "b" },
    all: { prefix: "every" },
  });
});

it.each([
  [[server("a", "one"), server("b", "one")], 'line 3, mcp_servers.b.prefix: "one" is the prefix of a already'],
  [[server("a", "b"), server("b", "x")], 'line 2, mcp_servers.a.prefix: "b" is the id of another server or group'],
  [[server("a", "x__y")], "mcp_servers.a.prefix: "],
  [[server("a", "Upper")], "mcp_servers.a.prefix: "],
])("a prefix that would lead elsewhere is refused: %j", (lines, message) => {
  expect(() => parse(...lines)).toThrow(message);
});
