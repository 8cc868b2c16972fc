import { describe, expect, it } from "vitest";
import { referenceEntries } from "../config/reference.ts";
import { RELOADABLE } from "../config/reloadable.ts";
import { type Config, configSchema } from "../config/schema.ts";
import { type ConfigChanges, describeChanges, diffConfigs } from "./diff.ts";
import { configInForce } from "./in-force.ts";

const math = { mode: "subprocess", command: "math" };
const words = { mode: "remote", endpoint: "https://words.example.com/mcp" };

function config(input: object): Config {
  return configSchema.parse(input);
}

const NOTHING: ConfigChanges = { added: [], removed: [], changed: [], settings: [], needRestart: [] };

describe("the difference between two configurations", () => {
  const rows: readonly (readonly [string, object, object, Partial<ConfigChanges>])[] = [
    ["nothing", { mcp_servers: { math } }, { mcp_servers: { math } }, {}],
    ["a default that is written out", { mcp_servers: { math } }, { mcp_servers: { math: { ...math, args: [] } } }, {}],
    ["the order of keys", { mcp_servers: { math, words } }, { mcp_servers: { words, math } }, {}],
    ["a new server", { mcp_servers: { math } }, { mcp_servers: { math, words } }, { added: ["words"] }],
    ["a server that is gone", { mcp_servers: { math, words } }, { mcp_servers: { words } }, { removed: ["math"] }],
    [
      "a new id",
      { mcp_servers: { math } },
      { mcp_servers: { sums: math } },
      { added: ["sums"], removed: ["math"], changed: [] },
    ],
    [
      "a policy that appears",
      { mcp_servers: { math } },
      { mcp_servers: { math: { ...math, tools: { deny: ["rm"] } } } },
      { changed: [{ id: "math", keys: ["tools"] }] },
    ],
    [
      "a policy that changes",
      { mcp_servers: { math: { ...math, tools: { allow: ["a"], deny: ["rm"] } } } },
      { mcp_servers: { math: { ...math, tools: { allow: ["a"], deny: ["rm", "mv"] } } } },
      { changed: [{ id: "math", keys: ["tools.deny"] }] },
    ],
    [
      "a variable of a server",
      { mcp_servers: { math: { ...math, env: { A: "1", B: "2" } } } },
      { mcp_servers: { math: { ...math, env: { A: "1", B: "3", C: "4" } } } },
      { changed: [{ id: "math", keys: ["env.B", "env.C"] }] },
    ],
    [
      "settings that can be reloaded and settings that cannot",
      { rate_limit: { enabled: true } },
      { rate_limit: { enabled: true, burst: 7 }, logging: { level: "debug", file: "x.log" }, http: { port: 1 } },
      { settings: ["rate_limit.burst", "logging.level"], needRestart: ["logging.file", "http.port"] },
    ],
  ];
  it.each(rows)("%s", (_name, old, next, expected) => {
    expect(diffConfigs(config(old), config(next))).toEqual({ ...NOTHING, ...expected });
  });

  it("shows another kind of server as another mode", () => {
    const changes = diffConfigs(config({ mcp_servers: { x: math } }), config({ mcp_servers: { x: words } }));
    expect(changes.changed).toMatchObject([{ id: "x", keys: expect.arrayContaining(["mode", "command", "endpoint"]) }]);
  });

  it("is told by names alone", () => {
    const old = config({ mcp_servers: { math, gone: math } });
    const env = { TOKEN: "hunter2" };
    const next = config({
      mcp_servers: { math: { ...math, env }, words },
      http: { port: 1 },
      rate_limit: { burst: 3 },
    });
    expect(describeChanges(diffConfigs(old, next))).toBe(
      "added: words; removed: gone; changed: math (env.TOKEN); settings: rate_limit.burst; needs a restart: http.port",
    );
    expect(describeChanges(NOTHING)).toBe("nothing is different");
  });
});

describe("the configuration in force after a reload", () => {
  it("differs from the file in what needs a restart, and in nothing else", () => {
    const old = config({ mcp_servers: { math }, http: { port: 1 }, logging: { level: "info", file: "a" } });
    const next = config({
      mcp_servers: { words },
      execution: { max_concurrency: 3 },
      http: { port: 2 },
      logging: { level: "error", file: "b" },
    });
    const inForce = configInForce(old, next);
    expect(diffConfigs(inForce, next)).toEqual({ ...NOTHING, needRestart: ["logging.file", "http.port"] });
    expect(diffConfigs(inForce, old).needRestart).toEqual([]);
    expect(old.logging.level).toBe("info");
  });

  it("has only keys that exist", () => {
    const paths = referenceEntries().map(({ path }) => path);
    for (const key of RELOADABLE) expect(paths).toContain(key);
  });
});
