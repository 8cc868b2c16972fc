import { readFile } from "node:fs/promises";
import { catalog, runtimeMetrics } from "@mcp-hangar/telemetry";
import { expect, test } from "vitest";
import { metricsReference } from "../scripts/metrics-reference.ts";

const page = metricsReference();

test("the committed reference is the one that is generated; if not, run `pnpm generate`", async () => {
  expect(await readFile(new URL("../../../docs/reference/metrics.md", import.meta.url), "utf8")).toBe(page);
});

test.each(Object.values(catalog))("$name has a section that its row links to", ({ name, help }) => {
  expect(page).toContain(`| [\`${name}\`](#${name}) |`);
  expect(page).toContain(`### ${name}\n`);
  expect(page).toContain(help);
});

test.each(Object.values(runtimeMetrics))("$name has a row", ({ name }) => {
  expect(page).toContain(`| \`${name}\` |`);
});

test("labels show their values, and histograms their boundaries", () => {
  expect(page).toContain("- Label `status`: `success` `error` `timeout` `rejected` `cancelled`\n");
  expect(page).toContain("- Label `mcp_server`: ids of the configured and discovered servers; `_other`\n");
  expect(page).toContain("- Buckets: `1` `2` `5` `10` `20` `50` `100`\n");
  expect(page).toContain("- Derived from the event `call.finished`\n");
});
