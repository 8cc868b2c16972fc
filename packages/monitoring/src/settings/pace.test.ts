import { expect, test } from "vitest";
import { runChecks } from "../checks/index.ts";
import { toSeconds } from "../promql/duration.ts";
import { buildStack } from "../stack.ts";
import { defaultOptions, resolveOptions } from "./options.ts";

test.each(["5s", "10s", "15s", "30s", "60s"] as const)("the stack is sound when scraped every %s", (scrapeInterval) => {
  const options = resolveOptions({ scrapeInterval });
  expect(runChecks(buildStack(options))).toEqual([]);
  // One failed scrape alone is no gateway that does not respond.
  expect(toSeconds(options.alerts.NotResponding.for)).toBeGreaterThan(toSeconds(scrapeInterval));
});

test.each(["5s", "10s", "15s"] as const)("nothing changes when scraped every %s", (scrapeInterval) => {
  expect(resolveOptions({ scrapeInterval }).alerts).toEqual(defaultOptions.alerts);
});

test("what a caller sets stays, whatever the pace", () => {
  const { alerts } = resolveOptions({ scrapeInterval: "60s", alerts: { NotResponding: { for: "1m" } } });
  expect(alerts.NotResponding.for).toBe("1m");
  expect(alerts.McpServerDead.window).toBe("4m");
});
