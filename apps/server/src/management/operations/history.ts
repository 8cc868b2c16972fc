import { type CancelSignal, shareOf } from "@mcp-hangar/core";
import { z } from "zod";
import type { History } from "../../history/history.ts";
import { type CallQuery, callQuery, callRow, logQuery, logRow } from "../../history/queries.ts";
import { Turns } from "../../http/turns.ts";
import {
  type Operation,
  type OperationContext,
  type OperationFailure,
  operation,
  operationFailure,
} from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { requestItems } from "../request-items.ts";
import { noSuchServer, serverInput } from "./server-view.ts";

const nextBefore = z.int().nullable().describe("Give this as `before` for the entries before these; null at the end.");
const PERMISSION = "servers:read";

/** What happened before: the calls and other requests, and the logs of servers. Callers see what their roles let them see of the servers. */
export function historyOperations(parts: ManagementParts): readonly Operation[] {
  const { gateway, history, access } = parts;
  /** A page may have a thousand entries, and all pages come through one thread: each caller waits for its own. */
  const turns = new Turns();
  const offered = (): boolean => history !== undefined;
  const read = <Page>(
    { caller, signal }: OperationContext,
    look: (history: History) => Promise<Page>,
  ): Promise<Page | OperationFailure> => turns.take(shareOf(caller), () => readWith(history, signal, look));
  const calls = (query: CallQuery, context: OperationContext): Promise<CallPage | OperationFailure> =>
    read(context, async (kept) => {
      const { caller } = context;
      const rows = await kept.calls(query);
      const visible = rows.filter(({ server, tool, method, subject }) => {
        // A request for no single server names none either.
        if (server === null) return true;
        if (tool !== null) return access.admits(caller, server, tool, PERMISSION);
        if (!access.reaches(caller, server, PERMISSION)) return false;
        const items = subject === null ? [] : requestItems({ server, method, subject });
        return items.every((item) => access.shows(caller, server, item, PERMISSION));
      });
      return { calls: visible, next_before: nextOf(rows, query.limit) };
    });
  return [
    operation({
      id: "listCalls",
      title: "List past calls and requests",
      description:
        "Lists finished tool calls and other requests of MCP of all servers, the latest first: who asked for what, and how it ended.",
      permission: PERMISSION,
      effect: "read",
      route: { method: "GET", path: "/api/history" },
      input: callQuery,
      output: callPage,
      run: calls,
    }),
    operation({
      id: "listServerCalls",
      title: "List past calls and requests of a server",
      description:
        "Lists finished tool calls and other requests of MCP of one server, the latest first: who asked for what, and how it ended.",
      permission: PERMISSION,
      effect: "read",
      tool: "hangar_history",
      offered,
      route: { method: "GET", path: "/api/mcp_servers/{server}/history" },
      input: callQuery.extend({ server: serverInput }),
      output: callPage,
      run: async (query, context) => {
        if (!access.reaches(context.caller, query.server, PERMISSION)) return noSuchServer(query.server);
        const found = await calls(query, context);
        // A server that was removed still has a history; one that never was has none.
        if ("kind" in found || found.calls.length > 0 || gateway.fleet.get(query.server) !== undefined) return found;
        return query.before === undefined ? noSuchServer(query.server) : found;
      },
    }),
    operation({
      id: "listServerLogs",
      title: "Read the log of a server",
      description:
        "Shows what a server wrote to its stderr and what happened to it (starts, stops, failed health checks), the latest first.",
      permission: PERMISSION,
      effect: "read",
      tool: "hangar_logs",
      offered,
      route: { method: "GET", path: "/api/mcp_servers/{server}/logs" },
      input: logQuery.extend({ server: serverInput }),
      output: z.object({ logs: z.array(logRow), next_before: nextBefore }),
      run: async (query, context) => {
        if (!access.reaches(context.caller, query.server, PERMISSION)) return noSuchServer(query.server);
        return read(context, async (kept) => {
          const logs = await kept.logs(query);
          const known = logs.length > 0 || query.before !== undefined || gateway.fleet.get(query.server) !== undefined;
          return known ? { logs: [...logs], next_before: nextOf(logs, query.limit) } : noSuchServer(query.server);
        });
      },
    }),
  ];
}

const callPage = z.object({ calls: z.array(callRow), next_before: nextBefore });
type CallPage = z.input<typeof callPage>;

async function readWith<Page>(
  history: History | undefined,
  signal: CancelSignal,
  look: (history: History) => Promise<Page>,
): Promise<Page | OperationFailure> {
  if (history === undefined) {
    const message = "no history is kept; name a file with history.file in the configuration to keep one";
    return operationFailure("history_disabled", 501, message);
  }
  if (signal.aborted) return operationFailure("cancelled", 503, "the client left before its turn came");
  try {
    return await look(history);
  } catch (error) {
    return operationFailure("history_unavailable", 503, `the history cannot be read: ${(error as Error).message}`);
  }
}

/** A page that is not full is the last one. */
function nextOf(rows: readonly { readonly id: number }[], limit: number): number | null {
  return rows.length < limit ? null : (rows.at(-1)?.id ?? null);
}
