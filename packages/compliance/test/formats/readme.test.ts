import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { formatsReference, samples } from "../../scripts/formats-reference.ts";

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), "utf8");

test("the README shows a line of each format as it really is written", async () => {
  expect(await read("../../README.md")).toContain(samples());
});

test("the reference is what the formats say of themselves", async () => {
  expect(await read("../../../../docs/reference/audit-formats.md")).toBe(formatsReference());
});
