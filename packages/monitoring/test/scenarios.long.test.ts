import { describe, expect, test } from "vitest";
import { resolveOptions } from "../src/settings/options.ts";
import { buildStack } from "../src/stack.ts";
import { complaints } from "./complaints.ts";
import { otherAlerts, otherStack } from "./other-settings.ts";

const stack = buildStack(resolveOptions());

describe("promtool", { tags: ["promtool"] }, () => {
  test.each(stack.topics.filter(({ alerts }) => alerts.length > 0))(
    "sees the alerts of $name do what their scenarios say",
    {
      timeout: 240_000,
    },
    async ({ alerts }) => {
      const ids = alerts.map(({ id }) => id);
      expect(await complaints(stack, ids)).toEqual([]);
    },
  );

  test("sees alerts that other settings leave alone follow another pace and job too", {
    timeout: 240_000,
  }, async () => {
    expect(await complaints(otherStack, otherAlerts)).toEqual([]);
  });
});
