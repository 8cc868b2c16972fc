import { readFileSync } from "node:fs";
import { type HeapProbe, heapProbe } from "@mcp-hangar/testing";
import { launchHangar } from "../gateways/contenders.ts";
import { HttpConnection } from "../load/http-connection.ts";
import { openSession } from "../load/mcp-session.ts";
import { modernRequest } from "../load/modern-request.ts";
import type { BenchOptions } from "../options.ts";
import type { Launched } from "../processes/launch.ts";
import type { Figure } from "../report/figure.ts";
import { withLean } from "../upstreams/lean.ts";
import { extraTools, fleetOf, listEveryTool, servers, toolsPerServer } from "./fleet.ts";
import type { Scenario } from "./scenario.ts";

/** How many of each are opened first, so that what is compiled and cached is so, and how many are measured. */
const WARM_UP = 100;
const MEASURED = 400;
const COLD = 500;

/** Bytes of the live heap that one more of something takes, after everything else was collected. */
export const costs: Scenario = {
  name: "costs",
  title: "What one more of something keeps",
  run({ options, progress }) {
    return withLean(
      options,
      async (lean) => {
        const figures: Figure[] = [];
        const add = (id: string, label: string, value: number, atMost: number): void => {
          figures.push({
            id: `costs.${id}`,
            label: `live heap of ${label}`,
            value: value / 1_000,
            unit: "KB",
            target: { atMost },
          });
        };
        const fresh = await withProbe(1, lean.url, options, async (gateway, heap) => {
          const live = await heap.liveBytes();
          progress("sessions");
          add(
            "session",
            "a session",
            await each(heap, (n) => openMany(n, () => openSession(gateway.url, "/mcp", "legacy"))),
            2,
          );
          progress("idle connections");
          const connections: HttpConnection[] = [];
          const connect = (n: number): Promise<void> =>
            openMany(n, async () => void connections.push(await idleConnection(gateway.url)));
          add("connection", "an idle connection", await each(heap, connect), 10);
          for (const connection of connections) connection.close();
          progress("subscriptions");
          const left = new AbortController();
          const bodies: Response[] = [];
          const subscribe = (n: number): Promise<void> =>
            openMany(n, async () => void bodies.push(await subscription(gateway.url, left.signal)));
          add("subscription", "a subscription and its connection", await each(heap, subscribe), 20);
          left.abort();
          return live;
        });
        progress("cold servers");
        const many = await withProbe(1 + COLD, lean.url, options, (_gateway, heap) => heap.liveBytes());
        add("cold_server", "a cold server", (many - fresh) / COLD, 20);
        progress("listed tools");
        const tools = await withProbe(servers, lean.url, options, async (gateway, heap) => {
          const before = await heap.liveBytes();
          await listEveryTool(gateway.url);
          return (await heap.liveBytes()) - before;
        });
        add("listed_tool", "a listed tool, its part of the server included", tools / (servers * toolsPerServer), 4);
        return { tables: [], figures };
      },
      extraTools,
    );
  },
};

/** What one more takes, in bytes, when `open` has opened so many more. */
async function each(heap: HeapProbe, open: (count: number) => Promise<void>): Promise<number> {
  await open(WARM_UP);
  const before = await heap.liveBytes();
  await open(MEASURED);
  return ((await heap.liveBytes()) - before) / MEASURED;
}

async function openMany(count: number, open: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n++) await open();
}

/** A connection that has carried one request and stays open. */
async function idleConnection(url: string): Promise<HttpConnection> {
  const connection = await HttpConnection.open(url);
  const answer = await connection.exchange(`GET /health/live HTTP/1.1\r\nhost: ${new URL(url).host}\r\n\r\n`);
  if (answer.status !== 200) throw new Error(`/health/live answered HTTP ${answer.status}`);
  return connection;
}

async function subscription(url: string, signal: AbortSignal): Promise<Response> {
  const answer = await modernRequest(
    url,
    "subscriptions/listen",
    { notifications: { toolsListChanged: true } },
    signal,
  );
  if (answer.status !== 200) throw new Error(`a subscription was answered with HTTP ${answer.status}`);
  return answer;
}

async function withProbe<T>(
  count: number,
  leanUrl: string,
  options: BenchOptions,
  use: (gateway: Launched, heap: HeapProbe) => Promise<T>,
): Promise<T> {
  const gateway = await launchHangar(fleetOf(count, leanUrl), { ...options, nodeArgs: ["--inspect=127.0.0.1:0"] });
  try {
    using heap = await heapProbe(() => readFileSync(gateway.logFile, "utf8"));
    return await use(gateway, heap);
  } finally {
    await gateway.stop();
  }
}
