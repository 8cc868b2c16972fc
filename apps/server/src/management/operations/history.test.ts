import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodePlatform } from "@mcp-hangar/core";
import { type Caller, type CallFinished, registeredName } from "@mcp-hangar/telemetry";
import { sampleEvent, sampleEvents } from "@mcp-hangar/telemetry/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Item, OPEN_ACCESS } from "../../access/access.ts";
import { History } from "../../history/history.ts";
import type { CallRow } from "../../history/queries.ts";
import type { OperationContext } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { historyOperations } from "./history.ts";

const ENTRIES = 1_000;

let folder: string;
let history: History;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hangar-history-"));
  history = new History({ file: join(folder, "h.db"), max_age_s: 3_600, max_bytes: 67_108_864 }, nodePlatform.clock);
  await history.open();
  for (let count = 0; count < ENTRIES; count++) history.listener(finished(`call-${count}`));
});
afterAll(async () => {
  await history.close(2_000);
  rmSync(folder, { recursive: true, force: true });
});

function callerOf(name: string): Caller {
  return { type: "api_key", id: registeredName(name), roles: [], credential: `api_key:${name}` };
}

function finished(callId: string): CallFinished {
  return {
    ...sampleEvent("call.finished"),
    timeMs: nodePlatform.clock.wallMs(),
    callId,
    tool: undefined,
    requestedTool: "add token=typed-by-mistake",
    caller: callerOf("ann"),
    correlation: { userId: "password=typed-by-mistake", sessionId: "Bearer typed-by-mistake", traceId: undefined },
  };
}

/** Lists past calls of all servers as that caller. */
function list(name: string, signal = new AbortController().signal): Promise<object> {
  // What is asked for here reads the history and asks who reaches what.
  const parts = { history, access: OPEN_ACCESS } as unknown as ManagementParts;
  operations ??= historyOperations(parts);
  const [listCalls] = operations;
  if (listCalls === undefined) throw new Error("there is no such operation");
  const context = { caller: callerOf(name), signal, door: "rest", relay: {} } as OperationContext;
  return listCalls.perform({ limit: ENTRIES }, context);
}
let operations: ReturnType<typeof historyOperations> | undefined;

describe("reading the history", () => {
  it("of one caller who asks much does not keep others waiting", async () => {
    let answered = 0;
    const many = Array.from({ length: 40 }, async () => {
      await list("ann");
      answered++;
    });
    expect(await list("bob")).toMatchObject({ calls: { length: ENTRIES } });
    expect(answered).toBeLessThan(5);
    await Promise.all(many);
  });

  it("is not done for clients that have left", async () => {
    const left = new AbortController();
    left.abort();
    expect(await list("ann", left.signal)).toMatchObject({ kind: "failure", code: "cancelled" });
  });

  it("shows requests of servers that the caller reaches and about what exists for them, and those for no single server", async () => {
    const kept = new History(
      { file: join(folder, "r.db"), max_age_s: 3_600, max_bytes: 67_108_864 },
      nodePlatform.clock,
    );
    await kept.open();
    const requests = sampleEvents().filter((event) => event.type === "request.finished");
    const [request] = requests;
    if (request === undefined) throw new Error("there is a sample of a request");
    const servers = ["math", "payroll", undefined];
    for (const server of servers) {
      const requestId = `request of ${server ?? "none"}`;
      kept.listener({
        ...request,
        requestId,
        server: server === undefined ? undefined : registeredName(server),
        timeMs: nodePlatform.clock.wallMs(),
      });
    }
    for (const subject of ["memo://open", "memo://hidden"]) {
      const about = { method: "resources/read", server: registeredName("math"), subject } as const;
      kept.listener({ ...request, ...about, requestId: subject, timeMs: nodePlatform.clock.wallMs() });
    }
    const access = {
      ...OPEN_ACCESS,
      reaches: (_caller: Caller, server: string) => server === "math",
      shows: (_caller: Caller, _server: string, { name }: Item) => name !== "memo://hidden",
    };
    const [listCalls] = historyOperations({ history: kept, access } as unknown as ManagementParts);
    const context = {
      caller: callerOf("ann"),
      signal: new AbortController().signal,
      door: "rest",
      relay: {},
    } as OperationContext;
    const page = (await listCalls?.perform({ kind: "request" }, context)) as { readonly calls: readonly CallRow[] };
    expect(page.calls.map(({ call_id: id, server, tool }) => [id, server, tool])).toEqual([
      ["memo://open", "math", null],
      ["request of none", null, null],
      ["request of math", "math", null],
    ]);
    await kept.close(2_000);
  });

  it("shows nothing that looks like a secret, wherever a caller wrote it", async () => {
    const page = JSON.stringify(await list("ann"));
    expect(page).toContain("password=[redacted]");
    expect(page).not.toContain("typed-by-mistake");
  });
});
