import { SOURCE_CONDITION } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { runConformanceClient } from "../src/harness/conformance-suite.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

/** Checks of each scenario that judge a client, so that a suite that runs nothing cannot pass. */
const SCENARIOS = [
  ["initialize", 1],
  ["tools_call", 2],
  ["elicitation-sep1034-client-defaults", 5],
  // The gateway takes the stream of the server up again, in place of its client.
  ["sse-retry", 3],
] as const;

test.each(SCENARIOS)(
  "the official conformance suite finds the official client behind the gateway as good as alone: %s",
  async (scenario, count) => {
    const run = (how: string): Promise<readonly string[]> =>
      runConformanceClient([SOURCE_CONDITION, fixtureFile("conformance-client/main.ts"), how], scenario, "2025-11-25");
    const alone = await run("alone");
    expect(alone).toHaveLength(count);
    expect(alone.filter((check) => !check.endsWith(": SUCCESS"))).toEqual([]);
    expect(await run("gateway")).toEqual(alone);
  },
  180_000,
);
