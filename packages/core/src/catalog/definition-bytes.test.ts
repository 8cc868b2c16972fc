import { expect, it } from "vitest";
import { bytesOf, definitionBytes, measureDefinitions } from "./definition-bytes.ts";

it("counts the bytes of the JSON of each definition that was measured, as UTF-8", async () => {
  const items = [{ name: "add" }, { name: "größe", description: "🎈" }, { name: "late" }];
  await measureDefinitions(items.slice(0, 2), { defer: (task) => task() });
  expect(items.map(bytesOf)).toEqual([14, 39, 0]);
  expect(definitionBytes(items)).toBe(53);
});
