import { describe, expect, it } from "vitest";
import { parseConfig } from "./load.ts";
import { ConfigError } from "./problem.ts";

const SERVERS = `mcp_servers:
  search-a: {mode: subprocess, command: node}
  search-b: {mode: remote, endpoint: 'https://search.example.com/mcp'}
`;

function errorOf(text: string): string {
  try {
    parseConfig(text, {}, "test.yaml");
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe("a group in the configuration", () => {
  it("has a default for everything but its members", () => {
    const { config } = parseConfig(
      `${SERVERS}  search: {mode: group, members: [{id: search-a}, {id: search-b}]}`,
      {},
      "t",
    );
    expect(config.mcp_servers.search).toEqual({
      mode: "group",
      strategy: "round_robin",
      members: [
        { id: "search-a", weight: 1, priority: 1 },
        { id: "search-b", weight: 1, priority: 1 },
      ],
      min_healthy: 1,
      health: { unhealthy_threshold: 2, healthy_threshold: 1 },
      circuit_breaker: { failure_threshold: 10, open_s: 30 },
      call_timeout_s: 30,
    });
  });

  it("may stand before its members", () => {
    const text = `mcp_servers:\n  search: {mode: group, members: [{id: later}]}\n  later: {mode: subprocess, command: node}`;
    expect(Object.keys(parseConfig(text, {}, "t").config.mcp_servers)).toEqual(["search", "later"]);
  });

  it.each([
    [
      "members: [{id: serch-a}]",
      'line 4, mcp_servers.g.members[0].id: "serch-a" is no server in mcp_servers (did you mean search-a?)',
    ],
    ["members: [{id: constructor}]", '"constructor" is no server in mcp_servers'],
    ["members: [{id: g}]", '"g" is a group; members must be servers'],
    [
      "members: [{id: search-a}, {id: search-a}]",
      'line 4, mcp_servers.g.members[1].id: "search-a" is listed twice; give it a weight instead',
    ],
    [
      "members: [{id: search-a}], min_healthy: 2",
      "line 4, mcp_servers.g.min_healthy: 2 is not allowed; expected at most 1, the number of members",
    ],
    ["members: []", "mcp_servers.g.members: a list is not allowed; expected at least 1 entries"],
    ["members: [{id: search-a, weight: 0}]", "mcp_servers.g.members[0].weight: 0 is not allowed; expected at least 1"],
    ["members: [{id: search-a}], strategy: round-robin", "(did you mean round_robin?)"],
    ["members: [{id: search-a}], command: node", "mcp_servers.g.command: unknown key"],
    ["members: [{id: search-a, wieght: 2}]", "mcp_servers.g.members[0].wieght: unknown key; did you mean weight?"],
  ])("%j is refused: %s", (keys, message) => {
    expect(errorOf(`${SERVERS}  g: {mode: group, ${keys}}`)).toContain(message);
  });

  it("cannot share a member with another group, and every problem is told at once", () => {
    const groups = `  first: {mode: group, members: [{id: search-a}]}
  second: {mode: group, members: [{id: search-a}, {id: nobody}]}
  third: {mode: group, members: [{id: first}]}
`;
    expect(errorOf(SERVERS + groups).split("\n")).toEqual([
      "test.yaml: 3 problems",
      '  line 5, mcp_servers.second.members[0].id: "search-a" is in group first already; a server is in one group only',
      '  line 5, mcp_servers.second.members[1].id: "nobody" is no server in mcp_servers',
      '  line 6, mcp_servers.third.members[0].id: "first" is a group; members must be servers',
    ]);
  });
});
