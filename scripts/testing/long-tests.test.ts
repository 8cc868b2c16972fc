import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../toolchain/pins.mjs";

test("CONTRIBUTING.md lists every file of tests that only CI runs, and no other", () => {
  const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
  const [, table = ""] = text.split("What only `.ci/run` runs");
  const listed = [...table.matchAll(/^\| `((?:apps|packages)\/[^`]+)` \|/gm)].map(([, file]) => `${file}.long.test.ts`);
  const found = globSync("{packages,apps}/*/test/**/*.long.test.ts", { cwd: root });
  expect(listed).toEqual(found.toSorted());
});
