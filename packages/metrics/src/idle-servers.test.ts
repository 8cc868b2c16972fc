import { nameOf, oneOf } from "@mcp-hangar/telemetry";
import { expect, test } from "vitest";
import { formatLabels } from "./exposition/format.ts";
import { LabelSets } from "./label-sets.ts";
import type { Labels } from "./label-values.ts";

const SPECS = { mcp_server: nameOf("mcp_server"), tool: nameOf("tool"), status: oneOf(["ok", "bad"]) };
const OF_SERVER: readonly Labels[] = ["ok", "bad"].map((status) => ({ mcp_server: "", tool: "_other", status }));
const SERVERS = ["a", "b", 'c"\\\n', "d,tool:x", "\ud800", "_other"];
const TOOLS = ["t", "u", undefined];

interface Shown {
  readonly labels: Labels;
}

function labelSets(limit: number): LabelSets<Shown> {
  return new LabelSets<Shown>(SPECS, {
    limit,
    isKnownServer: (server) => server !== "b",
    placeOfTool: () => "own",
    ofServer: OF_SERVER,
    birth: () => 0,
    create: (labels) => ({ labels }),
  });
}

function shown(sets: LabelSets<Shown>): readonly string[] {
  return [...sets.shown()]
    .map((series) => {
      if ("text" in series) expect(series.text).toBe(formatLabels(series.labels));
      return JSON.stringify(series.labels);
    })
    .sort();
}

/** Numbers below a limit, the same for the same seed. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

test("idle servers are shown as if their series were kept, whatever happens to them", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const below = numbers(seed);
    const limit = [4, 9, 20, 1_000][below(4)] ?? 0;
    const [idle, kept] = [labelSets(limit), labelSets(limit)];
    for (let step = 0; step < 30; step++) {
      const server = SERVERS[below(SERVERS.length)] ?? "";
      const tool = TOOLS[below(TOOLS.length)];
      const status = below(2) === 0 ? "ok" : "bad";
      const action = below(7);
      switch (action) {
        case 0:
        case 1:
          idle.reserveServer(server);
          for (const set of OF_SERVER) kept.reserve({ ...set, mcp_server: server });
          break;
        case 2:
          idle.wakeAll();
          break;
        default:
          for (const each of [idle, kept]) {
            if (action === 3) each.admit({ mcp_server: server, tool, status });
            if (action === 4) each.forget("mcp_server", server);
            if (action === 5) each.forgetTool(server, tool ?? "");
            if (action === 6) each.reserve({ mcp_server: server, tool: tool ?? "_other", status });
          }
      }
      expect(shown(idle), `seed ${seed}, step ${step}`).toEqual(shown(kept));
      expect(idle.folded, `seed ${seed}, step ${step}`).toBe(kept.folded);
    }
  }
});

test("a server that is used while series are read is shown once, as it was", () => {
  const sets = labelSets(1_000);
  for (const server of ["a", "e", "f"]) sets.reserveServer(server);
  sets.admit({ mcp_server: "a", tool: "t", status: "ok" });
  const seen: string[] = [];
  for (const { labels } of sets.shown()) {
    seen.push(JSON.stringify(labels));
    sets.admit({ mcp_server: "e", tool: undefined, status: "ok" });
    sets.admit({ mcp_server: "f", tool: undefined, status: "ok" });
  }
  expect(seen).toHaveLength(7);
  expect(new Set(seen).size).toBe(7);
});
