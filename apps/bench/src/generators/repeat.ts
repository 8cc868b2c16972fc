import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generateMonitoring } from "@mcp-hangar/monitoring";

/** Generates the monitoring again and again in one process: `node repeat.ts <times> <folder>`; prints milliseconds as JSON. */
const [, , times = "1", folder = "."] = process.argv;
const tookMs = Array.from({ length: Number(times) }, () => {
  const startMs = performance.now();
  for (const [path, content] of generateMonitoring()) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return performance.now() - startMs;
});
process.stdout.write(JSON.stringify(tookMs));
