import { expect, test } from "vitest";
import { surviveLives } from "./lives.ts";

test("many lives of full disks, crashes and stalls leave chains that verify", async () => {
  await expect(surviveLives(1_000, 150)).resolves.toBeUndefined();
}, 1_800_000);
