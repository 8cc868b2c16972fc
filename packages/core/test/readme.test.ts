import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { sum } from "./readme-example.ts";

test("the README shows the example that is type-checked and run here", async () => {
  const [readme, example] = await Promise.all(
    ["../README.md", "./readme-example.ts"].map((path) => readFile(new URL(path, import.meta.url), "utf8")),
  );
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the example calls a real server", async () => {
  const script = createRequire(import.meta.url).resolve("@modelcontextprotocol/server-everything/dist/index.js");
  expect(await sum(script, 2, 40)).toContain("The sum of 2 and 40 is 42.");
});
