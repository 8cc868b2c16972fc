import { catalog } from "@mcp-hangar/telemetry";
import { expect, test } from "vitest";
import { by, max, sum } from "./aggregate.ts";
import { alsoBy } from "./also-by.ts";
import { runtime } from "./external.ts";
import { rate } from "./functions.ts";
import { divideOn, share } from "./operators.ts";
import { printPromql } from "./print.ts";
import { scope } from "./select.ts";

const rules = scope({ job: "mcp-hangar" });
const printed = ({ node }: Parameters<typeof printPromql>[0], ...labels: readonly string[]): string =>
  printPromql({ node: alsoBy(node, labels) }).replaceAll(/\s+/g, " ");

test("labels are kept wherever the job is kept, and nowhere else", () => {
  const errors = rate(rules.series(catalog.toolCallErrors), "5m");
  const calls = rate(rules.series(catalog.toolCalls), "5m");
  const failing = share(sum(errors, by("job", "mcp_server")), sum(calls, by("job", "mcp_server")));
  expect(printed(failing, "cluster").match(/by \(job, mcp_server, cluster\)/g)).toHaveLength(3);
  expect(printed(max(calls, by("mcp_server")), "cluster")).toContain("by (mcp_server) ");
});

test("what is matched by job and instance is matched by them and the labels", () => {
  const cpu = divideOn(
    rate(rules.series(runtime.processCpu), "5m"),
    ["job", "instance"],
    rules.series(runtime.availableCpus),
  );
  expect(printed(cpu, "cluster", "namespace")).toContain("on (job, instance, cluster, namespace)");
});

test("without labels nothing changes", () => {
  const calls = sum(rate(rules.series(catalog.toolCalls), "5m"), by("job"));
  expect(alsoBy(calls.node, [])).toBe(calls.node);
});
