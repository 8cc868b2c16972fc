import { test } from "vitest";
import { surviveKills } from "./kills.ts";

test("a process that is killed 100 times loses nothing that was confirmed, and its chain holds", async () => {
  await surviveKills(100, 2);
}, 1_800_000);
