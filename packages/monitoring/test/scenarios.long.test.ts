import { describe, expect, test } from "vitest";
import { resolveOptions } from "../src/settings/options.ts";
import { buildStack } from "../src/stack.ts";
import { complaints } from "./complaints.ts";
import { otherAlerts, otherStack } from "./other-settings.ts";

const stack = buildStack(resolveOptions());

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees every alert do what its scenarios say", { timeout: 240_000 }, async () => {
    const all = stack.alerts.map(({ id }) => id);
    expect(await complaints(stack, all)).toEqual([]);
  });

  test("sees alerts that other settings leave alone follow another pace and job too", {
    timeout: 240_000,
  }, async () => {
    expect(await complaints(otherStack, otherAlerts)).toEqual([]);
  });
});
