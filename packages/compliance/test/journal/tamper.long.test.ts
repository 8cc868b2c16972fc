import { expect, test } from "vitest";
import { findEveryTampering } from "./tamper-journal.ts";

test.each([2])(
  "whatever is done to one of 10 000 records is found, and where: seed %i",
  async (seed) => {
    await expect(findEveryTampering({ seed, count: 400, together: 3 })).resolves.toBeUndefined();
  },
  1_200_000,
);
