import { setTimeout as sleep } from "node:timers/promises";
import { launchHangar, type Upstream } from "../gateways/contenders.ts";
import type { HttpAnswer } from "../load/answer-reader.ts";
import { runClosedLoop } from "../load/closed-loop.ts";
import { echoWorkload, fault } from "../load/expectation.ts";
import { HttpConnection } from "../load/http-connection.ts";
import { callWriter, type McpSession, openSession, sequenceDigits } from "../load/mcp-session.ts";
import type { BenchOptions } from "../options.ts";
import type { Launched } from "../processes/launch.ts";
import { cpuMs } from "../processes/usage.ts";
import type { Findings } from "../report/figure.ts";
import { median, percentile } from "../report/statistics.ts";
import { withLean } from "../upstreams/lean.ts";
import type { Scenario } from "./scenario.ts";

const servers = 100;
const toolsPerServer = 50;
/** Scrapes of which the figures are medians. */
const scrapes = 20;
/** Milliseconds between two scrapes while calls run: far denser than Prometheus, so that a short run catches many. */
const scrapeEveryMs = 250;

/** The cost of `/metrics` when 100 servers with 50 tools each have been called. */
export const metrics: Scenario = {
  name: "metrics",
  run({ options, progress }) {
    if (options.contenders.length > 0 && !options.contenders.includes("hangar")) {
      return Promise.resolve({ tables: [], figures: [] });
    }
    return withLean(
      options,
      async (lean) => {
        const gateway = await launchHangar(fleet(lean.url), options);
        try {
          progress(`calling each of ${servers} × ${toolsPerServer} tools`);
          const session = await openSession(gateway.url, "/mcp", options.era);
          await callEveryTool(session);
          progress("scraping");
          return await measure(gateway, session, options);
        } finally {
          await gateway.stop();
        }
      },
      // `echo` and `blob` are the other two.
      toolsPerServer - 2,
    );
  },
};

function fleet(leanUrl: string): Record<string, Upstream> {
  const entries = Array.from({ length: servers }, (_, n): [string, Upstream] => [
    serverName(n),
    { kind: "http", endpoint: `${leanUrl}/mcp/${n}` },
  ]);
  return Object.fromEntries(entries);
}

function serverName(n: number): string {
  return `s${String(n).padStart(3, "0")}`;
}

async function callEveryTool(session: McpSession): Promise<void> {
  const names = Array.from({ length: servers * toolsPerServer }, (_, n) => {
    const tool = n % toolsPerServer;
    return `${serverName(Math.floor(n / toolsPerServer))}__${tool < 2 ? "echo" : `tool_${tool - 2}`}`;
  });
  const connection = await HttpConnection.open(session.baseUrl);
  try {
    for (const [at, name] of names.entries()) {
      const sequence = 10 ** (sequenceDigits - 1) + at;
      const workload = echoWorkload(200, name);
      const answer = await connection.exchange(callWriter(session, name, workload.argumentsJson).request(sequence));
      const wrong = fault(workload, sequence, answer);
      if (wrong !== undefined) throw new Error(`the call of ${name} failed: ${wrong}`);
    }
  } finally {
    connection.close();
  }
}

async function measure(gateway: Launched, session: McpSession, options: BenchOptions): Promise<Findings> {
  const connection = await HttpConnection.open(gateway.url);
  try {
    const text = (await scrape(connection, gateway.url)).body;
    assertComplete(text);
    const tookMs: number[] = [];
    const cpuBeforeMs = cpuMs(gateway.pid);
    for (let n = 0; n < scrapes; n++) {
      const startMs = performance.now();
      await scrape(connection, gateway.url);
      tookMs.push(performance.now() - startMs);
    }
    const cpuPerScrapeMs = (cpuMs(gateway.pid) - cpuBeforeMs) / scrapes;
    const quiet: number[] = [];
    const scraped: number[] = [];
    for (let round = 0; round < options.rounds; round++) {
      quiet.push(await slowestCallMs(session, options.seconds));
      scraped.push(await whileScraping(connection, gateway.url, () => slowestCallMs(session, options.seconds)));
    }
    return {
      tables: [],
      figures: [
        { id: "metrics.scrape", label: "one scrape, 100 servers × 50 tools", value: median(tookMs), unit: "ms" },
        { id: "metrics.cpu", label: "CPU of one scrape", value: cpuPerScrapeMs, unit: "ms" },
        { id: "metrics.bytes", label: "size of one scrape", value: Buffer.byteLength(text) / 1e6, unit: "MB" },
        { id: "metrics.series", label: "series of one scrape", value: seriesCount(text), unit: "" },
        { id: "metrics.slowest_quiet", label: "slowest call without scrapes", value: median(quiet), unit: "ms" },
        { id: "metrics.slowest_scraped", label: "slowest call beside scrapes", value: median(scraped), unit: "ms" },
        {
          id: "metrics.blocking",
          label: "added to the slowest call by scrapes",
          value: median(scraped.map((slowest, at) => slowest - (quiet[at] ?? Number.NaN))),
          unit: "ms",
        },
      ],
    };
  } finally {
    connection.close();
  }
}

async function scrape(connection: HttpConnection, url: string): Promise<HttpAnswer> {
  const answer = await connection.exchange(`GET /metrics HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`);
  if (answer.status !== 200) throw new Error(`/metrics answered HTTP ${answer.status}`);
  return answer;
}

function assertComplete(text: string): void {
  const last = `mcp_server="${serverName(servers - 1)}",tool="tool_${toolsPerServer - 3}"`;
  if (!text.includes(last)) throw new Error(`/metrics has no series of ${last}, although that tool was called`);
}

async function slowestCallMs(session: McpSession, seconds: number): Promise<number> {
  const workload = echoWorkload(200, `${serverName(0)}__echo`);
  const { latenciesMs } = await runClosedLoop({ session, workload, inFlight: 1, seconds });
  return percentile(latenciesMs, 1);
}

async function whileScraping<T>(connection: HttpConnection, url: string, work: () => Promise<T>): Promise<T> {
  let working = true;
  const scraping = (async () => {
    while (working) {
      await scrape(connection, url);
      await sleep(scrapeEveryMs);
    }
  })();
  try {
    return await work();
  } finally {
    working = false;
    await scraping;
  }
}

function seriesCount(text: string): number {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
}
