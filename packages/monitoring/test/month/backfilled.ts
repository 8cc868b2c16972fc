import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, poll, startProcess } from "@mcp-hangar/testing";

/** A series with the values that it has, by the number of the minute. */
export interface MinuteSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: Iterable<readonly [minute: number, value: number]>;
}

/** When the month begins, as Unix time in seconds: a day that is the same in every run. Times in series are of this clock. */
export const BEGIN = Date.UTC(2026, 0, 1) / 1_000;
/** Points of a series that Prometheus gives at once. */
const POINTS_MAX = 10_000;

/**
 * A Prometheus that knows the past of a fleet, minute by minute. Range queries over blocks take a tenth of the time in which
 * promtool evaluates the same rules one moment after the other. Disposing ends it and removes its data.
 */
export class BackfilledPrometheus implements AsyncDisposable {
  readonly #folder: string;
  #stop: (() => Promise<void>) | undefined;
  #url = "";

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<BackfilledPrometheus> {
    const folder = await mkdtemp(join(tmpdir(), "month-"));
    await writeFile(join(folder, "prometheus.yaml"), "global: {}\n");
    return new BackfilledPrometheus(folder);
  }

  /** Adds what was so, and starts it anew. Series of one name have to follow each other. */
  async add(series: Iterable<MinuteSeries>): Promise<void> {
    await this.#stop?.();
    const file = join(this.#folder, "series.txt");
    await writeOpenMetrics(series, file);
    const args = ["--max-block-duration=1000h", "--quiet", file, join(this.#folder, "data")];
    const { status, stderr } = spawnSync("promtool", ["tsdb", "create-blocks-from", "openmetrics", ...args], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`promtool makes no blocks: ${stderr.slice(-2_000)}`);
    await rm(file);
    await this.#start();
  }

  /** The values of an expression in each of these minutes, `every` so many. */
  async values(expr: string, minutes: number, every: number): Promise<readonly MinuteSeries[]> {
    const found = new Map<string, { readonly labels: Record<string, string>; readonly values: [number, number][] }>();
    for (let from = 0; from < minutes; from += every * POINTS_MAX) {
      const to = Math.min(minutes - 1, from + every * (POINTS_MAX - 1));
      for (const { metric, values } of await this.#range(expr, from, to, every)) {
        const { __name__: _, ...labels } = metric;
        const key = JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
        const series = found.get(key) ?? { labels, values: [] };
        found.set(key, series);
        for (const [seconds, value] of values) series.values.push([(seconds - BEGIN) / 60, Number(value)]);
      }
    }
    return [...found.values()].map(({ labels, values }) => ({ name: "", labels, values }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop?.();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const address = `127.0.0.1:${await freePort()}`;
    this.#url = `http://${address}`;
    const args = [
      `--config.file=${join(this.#folder, "prometheus.yaml")}`,
      `--storage.tsdb.path=${join(this.#folder, "data")}`,
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=${address}`,
      "--log.level=error",
      "--query.timeout=10m",
    ];
    const child = await startProcess({ command: "prometheus", args });
    this.#stop = async () => {
      child.kill("SIGTERM");
      await child.exited;
      this.#stop = undefined;
    };
    await poll(`${this.#url} to be ready`, async () => (await fetch(`${this.#url}/-/ready`)).ok);
  }

  async #range(expr: string, from: number, to: number, every: number) {
    const [start, end] = [from, to].map((minute) => String(BEGIN + 60 * minute));
    const body = new URLSearchParams({ query: expr, start: start ?? "", end: end ?? "", step: `${every}m` });
    const response = await fetch(`${this.#url}/api/v1/query_range`, { method: "POST", body });
    // The shape is that of the API's first version, which its major version keeps.
    const { status, error, data } = (await response.json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: {
        readonly result: readonly {
          readonly metric: Readonly<Record<string, string>>;
          readonly values: readonly (readonly [seconds: number, value: string])[];
        }[];
      };
    };
    if (status !== "success") throw new Error(`Prometheus refuses ${expr}: ${error}`);
    return data.result;
  }
}

async function writeOpenMetrics(series: Iterable<MinuteSeries>, file: string): Promise<void> {
  const stream = createWriteStream(file);
  let lines: string[] = [];
  const flush = async (): Promise<void> => {
    if (!stream.write(lines.join(""))) await once(stream, "drain");
    lines = [];
  };
  for (const { name, labels, values } of series) {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    const head = `${name}{${pairs.join(",")}}`;
    for (const [minute, value] of values) {
      if (lines.push(`${head} ${value} ${BEGIN + 60 * minute}\n`) >= 100_000) await flush();
    }
  }
  lines.push("# EOF\n");
  await flush();
  stream.end();
  await once(stream, "finish");
}
