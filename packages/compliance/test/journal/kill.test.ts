import { test } from "vitest";
import { surviveKills } from "./kills.ts";

test("a process that is killed 20 times loses nothing that was confirmed, and its chain holds", async () => {
  await surviveKills(20, 1);
}, 600_000);
