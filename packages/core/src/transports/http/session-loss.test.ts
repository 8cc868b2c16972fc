import { describe, expect, it } from "vitest";
import { callTool, resultOf, rig } from "../../../test/http/open-session.ts";
import { events, type Handler, json, LEGACY_RESULT, rawServer, result } from "../../../test/http/raw-server.ts";

/** What a server with sessions refuses with a status that others use for "unknown session". */
interface Habits {
  readonly ping: "answered" | 404;
  readonly stream: "open" | 404 | 405;
  /** How the tool `missing` is refused. */
  readonly tool: { readonly status: number; readonly message: string };
}

class HabitualServer {
  readonly #habits: Habits;
  readonly #known = new Set<string>();
  opened = 0;
  streams = 0;

  constructor(habits: Habits) {
    this.#habits = habits;
  }

  forgetAll(): void {
    this.#known.clear();
  }

  readonly handler: Handler = (received, response) => {
    const { ping, stream, tool } = this.#habits;
    const { method, params } = received.message;
    const sessionId = String(received.headers["mcp-session-id"]);
    if (method === "server/discover") return json(response, 400, {});
    if (method === "initialize") {
      const id = `session-${++this.opened}`;
      this.#known.add(id);
      return result(received, response, LEGACY_RESULT, { "mcp-session-id": id });
    }
    if (received.method === "DELETE") return void response.writeHead(200).end();
    if (received.method === "GET") this.streams++;
    if (!this.#known.has(sessionId)) return void response.writeHead(404).end("no such session");
    if (received.method === "GET") {
      return stream === "open" ? void events(response) : void response.writeHead(stream).end();
    }
    if (method?.startsWith("notifications/")) return void response.writeHead(202).end();
    if (method === "ping" && ping === 404) return void response.writeHead(404).end();
    if (params?.name === "missing") {
      const error = { code: -32000, message: tool.message };
      return json(response, tool.status, { jsonrpc: "2.0", id: null, error });
    }
    return result(received, response, { sessionId });
  };
}

const TOOL_REFUSALS = [
  { status: 404, message: "no such record" },
  { status: 400, message: "the session of the browser is over" },
];
const HABITS: readonly Habits[] = (["answered", 404] as const).flatMap((ping) =>
  (["open", 404, 405] as const).flatMap((stream) => TOOL_REFUSALS.map((tool) => ({ ping, stream, tool }))),
);
/** What it takes to learn that neither `ping` nor the stream nor a tool can be had, where `ping` tells nothing. */
const VAIN_RENEWALS_MAX = 3;

describe.each(HABITS)("a server with sessions: ping $ping, stream $stream, tool $tool.status", (habits) => {
  it("keeps its session whatever it refuses, and gets a new one once it has forgotten it", async () => {
    const server = new HabitualServer(habits);
    const { open } = rig((await rawServer(server.handler)).url);
    const session = await open();
    await expect.poll(() => server.streams).toBeGreaterThan(0);
    for (let round = 0; round < 10; round++) {
      expect(await callTool(session, "missing")).toMatchObject({ kind: "failed", errorType: "upstream_rejected" });
      expect((await session.request({ method: "ping", params: {}, signal: undefined, trace: {} })).kind).toBe(
        habits.ping === 404 ? "failed" : "result",
      );
    }
    const renewals = server.opened - 1;
    expect(renewals).toBeLessThanOrEqual(habits.ping === 404 ? VAIN_RENEWALS_MAX : 0);
    expect(resultOf(await callTool(session, "fine"))).toEqual({ sessionId: `session-${server.opened}` });

    server.forgetAll();
    expect(resultOf(await callTool(session, "fine"))).toEqual({ sessionId: `session-${server.opened}` });
    expect(server.opened).toBeGreaterThan(1 + renewals);
  });
});
