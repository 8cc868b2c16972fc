import { setTimeout as sleep } from "node:timers/promises";
import { launchHangar } from "../gateways/contenders.ts";
import type { HttpAnswer } from "../load/answer-reader.ts";
import { runClosedLoop } from "../load/closed-loop.ts";
import { echoWorkload, fault } from "../load/expectation.ts";
import { HttpConnection } from "../load/http-connection.ts";
import { callWriter, type McpSession, openSession, sequenceDigits } from "../load/mcp-session.ts";
import type { BenchOptions } from "../options.ts";
import type { Launched } from "../processes/launch.ts";
import { cpuMs } from "../processes/usage.ts";
import type { Figure } from "../report/figure.ts";
import { median, percentile } from "../report/statistics.ts";
import { withLean } from "../upstreams/lean.ts";
import { extraTools, fleetOf, listEveryTool, serverName, servers, toolsPerServer } from "./fleet.ts";
import type { Scenario } from "./scenario.ts";

/** Scrapes of which the figures are medians. */
const scrapes = 20;
/** Milliseconds between two scrapes while calls run: far denser than Prometheus, so that a short run catches many. */
const scrapeEveryMs = 250;

/** The cost of `/metrics` of 100 servers with 50 tools each: listed and never called, and all called. */
export const metrics: Scenario = {
  name: "metrics",
  title: "Scrapes",
  run({ options, progress }) {
    if (options.contenders.length > 0 && !options.contenders.includes("hangar")) {
      return Promise.resolve({ tables: [], figures: [] });
    }
    return withLean(
      options,
      async (lean) => {
        const gateway = await launchHangar(fleetOf(servers, lean.url), options);
        try {
          const session = await openSession(gateway.url, "/mcp", options.era);
          progress(`listing ${servers} × ${toolsPerServer} tools`);
          const listed = await listEveryTool(gateway.url);
          if (listed !== servers * toolsPerServer) throw new Error(`${listed} tools were listed`);
          progress("scraping");
          const shown = await measure(gateway, session, options, LISTED);
          progress(`calling each of ${servers} × ${toolsPerServer} tools`);
          await callEveryTool(session);
          progress("scraping");
          const called = await measure(gateway, session, options, CALLED);
          return { tables: [], figures: [...shown, ...called] };
        } finally {
          await gateway.stop();
        }
      },
      extraTools,
    );
  },
};

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

/** What is measured in one state of the fleet. */
interface State {
  readonly id: string;
  readonly label: string;
  readonly lastTool: string;
  readonly hasLastTool: boolean;
  readonly targets?: Readonly<Record<"cpu" | "bytes" | "series" | "beside" | "slowestMs", number>>;
}

const last = `mcp_server="${serverName(servers - 1)}",tool="tool_${toolsPerServer - 3}"`;
const LISTED: State = {
  id: "metrics.listed",
  label: `${servers} × ${toolsPerServer} tools listed, one called`,
  lastTool: last,
  hasLastTool: false,
  targets: { cpu: 60, bytes: 2, series: 25_000, beside: 2, slowestMs: 20 },
};
const CALLED: State = {
  id: "metrics",
  label: `${servers} × ${toolsPerServer} tools, all called`,
  lastTool: last,
  hasLastTool: true,
};

async function measure(
  gateway: Launched,
  session: McpSession,
  options: BenchOptions,
  { id, label, lastTool, hasLastTool, targets }: State,
): Promise<readonly Figure[]> {
  const connection = await HttpConnection.open(gateway.url);
  try {
    const text = (await scrape(connection, gateway.url, "identity")).body;
    if (text.includes(lastTool) !== hasLastTool)
      throw new Error(`/metrics is not that of ${label}: look for ${lastTool}`);
    const tookMs: number[] = [];
    const cpuBeforeMs = cpuMs(gateway.pid);
    for (let n = 0; n < scrapes; n++) {
      const startMs = performance.now();
      await scrape(connection, gateway.url);
      tookMs.push(performance.now() - startMs);
    }
    const cpuPerScrapeMs = (cpuMs(gateway.pid) - cpuBeforeMs) / scrapes;
    const quiet: CallTimes[] = [];
    const scraped: CallTimes[] = [];
    for (let round = 0; round < options.rounds; round++) {
      quiet.push(await callTimes(session, options.seconds));
      scraped.push(await whileScraping(connection, gateway.url, () => callTimes(session, options.seconds)));
    }
    const figure = (name: string, what: string, value: number, unit: string, atMost?: number): Figure => ({
      id: `${id}.${name}`,
      label: `${what}: ${label}`,
      value,
      unit,
      ...(atMost !== undefined && { target: { atMost } }),
    });
    const ratios = scraped.map(({ p99Ms }, at) => p99Ms / (quiet[at]?.p99Ms ?? Number.NaN));
    const added = scraped.map(({ slowestMs }, at) => slowestMs - (quiet[at]?.slowestMs ?? Number.NaN));
    return [
      figure("scrape", "one scrape", median(tookMs), "ms"),
      figure("cpu", "CPU of one scrape", cpuPerScrapeMs, "ms", targets?.cpu),
      figure("bytes", "size of one scrape", Buffer.byteLength(text) / 1e6, "MB", targets?.bytes),
      figure("series", "series of one scrape", seriesCount(text), "", targets?.series),
      figure("slowest_quiet", "slowest call without scrapes", median(quiet.map(({ slowestMs }) => slowestMs)), "ms"),
      figure(
        "slowest_scraped",
        "slowest call beside scrapes",
        median(scraped.map(({ slowestMs }) => slowestMs)),
        "ms",
        targets?.slowestMs,
      ),
      figure("blocking", "added to the slowest call by scrapes", median(added), "ms"),
      figure("beside", "p99 of calls beside scrapes against without", median(ratios), "×", targets?.beside),
    ];
  } finally {
    connection.close();
  }
}

/** Prometheus takes gzip; what is read here is not compressed. */
async function scrape(connection: HttpConnection, url: string, encoding = "gzip"): Promise<HttpAnswer> {
  const head = `GET /metrics HTTP/1.1\r\nhost: ${new URL(url).host}\r\naccept-encoding: ${encoding}\r\n\r\n`;
  const answer = await connection.exchange(head);
  if (answer.status !== 200) throw new Error(`/metrics answered HTTP ${answer.status}`);
  return answer;
}

interface CallTimes {
  readonly p99Ms: number;
  readonly slowestMs: number;
}

async function callTimes(session: McpSession, seconds: number): Promise<CallTimes> {
  const workload = echoWorkload(200, `${serverName(0)}__echo`);
  const { latenciesMs } = await runClosedLoop({ session, workload, inFlight: 1, seconds });
  return { p99Ms: percentile(latenciesMs, 0.99), slowestMs: percentile(latenciesMs, 1) };
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
