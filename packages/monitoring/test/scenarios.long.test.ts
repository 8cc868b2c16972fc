import { describe, expect, test } from "vitest";
import { complaints } from "./complaints.ts";
import { otherAlerts, otherStack } from "./other-settings.ts";

describe("promtool", { tags: ["promtool"] }, () => {
  test("sees alerts that other settings leave alone follow another pace and job too", {
    timeout: 240_000,
  }, async () => {
    expect(await complaints(otherStack, otherAlerts)).toEqual([]);
  });
});
