import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Dashboard } from "./dashboard.ts";
import { ask } from "./data/ask.ts";
import { startStage } from "./data/stage.ts";
import { startPainter } from "./draw.ts";
import { unfolded } from "./unfold.ts";

const ROOT = join(import.meta.dirname, "../../..");
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "12" },
    prometheus: { type: "string" },
    dashboards: { type: "string", default: join(ROOT, "monitoring/grafana/dashboards") },
    unfold: { type: "boolean", default: false },
    out: { type: "string", default: join(ROOT, "docs/screenshots") },
  },
});
const lengthMs = Number(values.minutes) * 60_000;
if (!(lengthMs > 0)) throw new Error(`--minutes is ${values.minutes}: give a number above 0`);

await using cleanup = new AsyncDisposableStack();
const prometheus = values.prometheus ?? (await liveLoad());
const painter = cleanup.use(await startPainter());
await mkdir(values.out, { recursive: true });
const toMs = Math.floor(Date.now() / 2_000) * 2_000;
const span = { fromMs: toMs - lengthMs, toMs };
for (const file of (await readdir(values.dashboards)).filter((name) => name.endsWith(".json"))) {
  const read = JSON.parse(await readFile(join(values.dashboards, file), "utf8")) as Dashboard;
  const dashboard = values.unfold ? unfolded(read) : read;
  const png = await painter.paint(await ask(prometheus, dashboard, span));
  const name = `${basename(file, ".json")}.png`;
  await writeFile(join(values.out, name), png);
  process.stdout.write(`${name}: ${Math.round(png.length / 1_000)} kB\n`);
}

/** Starts the fleet under load and waits until panels have a history. */
async function liveLoad(): Promise<string> {
  const stage = cleanup.use(await startStage(lengthMs * 0.4));
  process.stdout.write(`load runs for ${values.minutes} minutes; Prometheus: ${stage.prometheus}\n`);
  await delay(lengthMs);
  return stage.prometheus;
}
