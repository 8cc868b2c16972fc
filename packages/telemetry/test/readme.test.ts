import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { samples, slowCalls } from "./readme-example.ts";

test("the README shows the example that is type-checked and run here", async () => {
  const [readme, example] = await Promise.all(
    ["../README.md", "./readme-example.ts"].map((path) => readFile(new URL(path, import.meta.url), "utf8")),
  );
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the example does what its comments say", () => {
  expect(slowCalls).toEqual(["math/add"]);
  expect(samples).toEqual({ labels: { mcp_server: "math", tool: "add", status: "timeout" }, value: 1 });
});
