import { COMPILE_CACHE, SOURCE_CONDITION } from "@mcp-hangar/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { fixtureFile } from "../src/harness/workspace.ts";
import { HTTP_QUIRKS } from "../src/quirks/http-quirks.ts";
import { works } from "../src/quirks/official-client.ts";
import { type Cell, quirkTable, type Row, worksDirectly } from "../src/quirks/quirk-table.ts";
import { SSE_QUIRKS } from "../src/quirks/sse-quirks.ts";
import { STDIO_QUIRKS, toolOf } from "../src/quirks/stdio-quirks.ts";
import { type StrangeHttpServer, startStrangeHttpServer } from "../src/quirks/strange-http-server.ts";
import { type Era, TOOL } from "../src/quirks/strange-messages.ts";
import { type StrangeSseServer, startStrangeSseServer } from "../src/quirks/strange-sse-server.ts";

const ERAS = ["legacy", "modern"] as const;
/** Milliseconds for a request that is to be answered, on a machine that is busy. */
const PATIENCE_MS = 60_000;
/** Milliseconds for one that will not be. */
const IN_VAIN_MS = 3_000;
/** How many quirks are tried at a time. */
const AT_ONCE = 6;

let strange: StrangeHttpServer;
let older: StrangeSseServer;
let gateway: HttpGateway;

/** The program over stdio in an era, with what it says when it starts. */
const program = (era: Era, quirk: number) => ({
  command: process.execPath,
  args: [
    SOURCE_CONDITION,
    fixtureFile("strange/main.ts"),
    era,
    ...(STDIO_QUIRKS[quirk]?.atStart ? [String(quirk)] : []),
  ],
  env: COMPILE_CACHE,
});
/** Quirks of calls share a server; what is said at the start, and an exit, need their own. */
const pipedId = (era: Era, quirk: number) =>
  `piped-${era}-${STDIO_QUIRKS[quirk]?.atStart || STDIO_QUIRKS[quirk]?.exits ? quirk : "calls"}`;

beforeAll(async () => {
  strange = await startStrangeHttpServer();
  older = await startStrangeSseServer();
  const servers: Record<string, Record<string, unknown>> = {};
  for (const era of ERAS) {
    for (const index of HTTP_QUIRKS.keys()) {
      servers[`web-${era}-${index}`] = { mode: "remote", endpoint: strange.url(era, index) };
    }
    for (const index of STDIO_QUIRKS.keys())
      servers[pipedId(era, index)] = { mode: "subprocess", ...program(era, index) };
  }
  for (const index of SSE_QUIRKS.keys()) servers[`older-${index}`] = { mode: "remote", endpoint: older.url(index) };
  gateway = await startGateway({ mcp_servers: servers, circuit_breaker: { failure_threshold: 1_000 } });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await strange?.[Symbol.asyncDispose]();
  await older?.[Symbol.asyncDispose]();
});

/** Tries one quirk in one era with both generations, and behind the gateway. */
async function cellOf(
  era: Era,
  address: Parameters<typeof works>[1],
  server: string,
  {
    silent,
    unsteady,
    ...trial
  }: {
    readonly tool: string;
    readonly calls: number;
    readonly silent: boolean;
    readonly unsteady?: string | undefined;
  },
): Promise<Cell> {
  const timeout = silent ? IN_VAIN_MS : PATIENCE_MS;
  const [v1, v2, ours] = await Promise.all([
    era === "legacy" ? works("SDK v1", address, { ...trial, timeout }) : undefined,
    works("SDK v2", address, { ...trial, timeout }),
    works("SDK v2", gateway.mcpUrl(server), { ...trial, timeout: PATIENCE_MS }),
  ]);
  return { v1, v2, ours, unsteady };
}

/** Runs `work` for each item, some at a time, and keeps their order. */
async function each<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

test("what works with an official client works behind the gateway, or the table says why not", {
  timeout: 300_000,
}, async () => {
  const web = await each(HTTP_QUIRKS, async (quirk, index): Promise<Row> => {
    const { calls = 1, silent = false, unsteady } = quirk;
    const trial = { tool: TOOL, calls, silent, unsteady };
    const cell = (era: Era) =>
      quirk.era === undefined || quirk.era === era
        ? cellOf(era, strange.url(era, index), `web-${era}-${index}`, trial)
        : undefined;
    const [legacy, modern] = await Promise.all([cell("legacy"), cell("modern")]);
    return { transport: "HTTP", at: quirk.at ?? "tools/call", name: quirk.name, why: quirk.why, legacy, modern };
  });
  const piped = await each(STDIO_QUIRKS, async (quirk, index): Promise<Row> => {
    const trial = { tool: toolOf(index), calls: 1, silent: quirk.silent ?? false };
    const cell = (era: Era) => cellOf(era, program(era, index), pipedId(era, index), trial);
    const [legacy, modern] = [await cell("legacy"), await cell("modern")];
    return {
      transport: "stdio",
      at: quirk.atStart ? "start" : "tools/call",
      name: quirk.name,
      why: undefined,
      legacy,
      modern,
    };
  });
  const streamed = await each(SSE_QUIRKS, async (quirk, index): Promise<Row> => {
    const { calls = 1, silent = false, unsteady } = quirk;
    const trial = { tool: TOOL, calls, silent, unsteady };
    const legacy = await cellOf("legacy", { sse: older.url(index) }, `older-${index}`, trial);
    const at = quirk.at === "all" ? "posted" : (quirk.at ?? "tools/call");
    return { transport: "HTTP+SSE", at, name: quirk.name, why: undefined, legacy, modern: undefined };
  });
  const rows = [...web, ...streamed, ...piped];
  const worse = rows.flatMap(({ why, legacy, modern, ...row }) =>
    [legacy, modern].flatMap((cell) =>
      cell !== undefined && cell.ours !== true && worksDirectly(cell) && why === undefined ? [{ ...row, ...cell }] : [],
    ),
  );
  expect(worse).toEqual([]);
  await expect(quirkTable(rows)).toMatchFileSnapshot("../../../docs/reference/quirks.md");
});
