import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sampleEvents } from "@mcp-hangar/telemetry/testing";
import { expect, test } from "vitest";
import * as compliance from "../../src/index.ts";
import { systemClock } from "./entries.ts";
import { linesOf } from "./http-receiver.ts";
import { denialsToFile } from "./readme-example.ts";

const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");

test("the README shows the example that is type-checked and run here", async () => {
  const example = await readFile(new URL("./readme-example.ts", import.meta.url), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the README has every sink", () => {
  const sinks = Object.keys(compliance).filter((name) => name.endsWith("Sink"));
  expect(sinks.length).toBeGreaterThan(7);
  expect(sinks.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

test("the example writes what was denied, and nothing else", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hangar-readme-sinks-"));
  try {
    const path = join(folder, "audit.log");
    const format = {
      name: "types",
      mediaType: "text/plain",
      encode: ({ record }: compliance.AuditEntry) => record.type,
    };
    const exporter = denialsToFile(path, format, systemClock);
    for (const event of sampleEvents()) exporter.listener?.(event);
    await exporter.close(30_000);
    const types = linesOf(readFileSync(path, "utf8"));
    expect(types.length).toBe(exporter.accepted);
    expect(types).toContain("tool.call.denied");
    expect(types.filter((type) => !/^(tool\.call\.denied|authentication\..*)$/.test(type))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
