import { CLIENT_KINDS, connect } from "../../harness/mcp-client.ts";
import { openLegacySession } from "../../harness/wire-client.ts";
import { modern, sendAndLeave } from "./left-requests.ts";

/** Where the gateway of a memory soak is. */
export interface Target {
  readonly url: string;
  /** One server's own endpoint, or the aggregate. */
  readonly mcpUrl: (server?: string) => string;
}

/** One way of using the gateway that must leave nothing behind. */
export interface Kind {
  readonly name: string;
  /** How often it is done in a round, as a part of what is asked for: official clients take longer. */
  readonly share: number;
  /** Uses the gateway once, from beginning to end. */
  readonly once: (target: Target, index: number) => Promise<void>;
}

const SLEEP = { name: "sleep", arguments: { ms: 60_000 } };
const LEAVE_MS = 15;

function expectStatus(status: number, ...wanted: readonly number[]): void {
  if (!wanted.includes(status)) throw new Error(`status ${status} instead of ${wanted.join(" or ")}`);
}

/** A call that is answered, as most are. */
export const PAST: Kind = {
  name: "calls",
  share: 1,
  once: async ({ mcpUrl }) =>
    expectStatus(
      await sendAndLeave(mcpUrl("own"), modern("tools/call", { name: "ok", arguments: {} }, "at the head", "ok")),
      200,
    ),
};

/** Every kind of stream, session, subscription and call there is, opened by hand and with the official clients. */
export const KINDS: readonly Kind[] = [
  {
    name: "sessions, their streams, and calls that end",
    share: 0.5,
    async once({ mcpUrl }) {
      const session = await openLegacySession(mcpUrl("own"));
      const headers = { "mcp-session-id": session.id };
      expectStatus(await sendAndLeave(mcpUrl("own"), { method: "GET", headers, leave: "at the head" }), 200);
      await session.request("tools/call", { name: "ok", arguments: {} });
      const ended = await fetch(mcpUrl("own"), { method: "DELETE", headers });
      expectStatus(ended.status, 200);
    },
  },
  {
    name: "streams of a session that goes on",
    share: 0.5,
    async once({ mcpUrl }, index) {
      sessionOf[index % LANES] ??= openLegacySession(mcpUrl("own"));
      const session = await sessionOf[index % LANES];
      const headers = { "mcp-session-id": session?.id ?? "" };
      // The stream of before may still be ending: a session has one at a time.
      expectStatus(await sendAndLeave(mcpUrl("own"), { method: "GET", headers, leave: "at the head" }), 200, 409);
    },
  },
  {
    name: "modern subscriptions",
    share: 0.5,
    async once({ mcpUrl }) {
      const filter = { toolsListChanged: true, resourcesListChanged: true };
      const listen = modern("subscriptions/listen", { notifications: filter }, "at the head");
      expectStatus(await sendAndLeave(mcpUrl(), listen), 200);
    },
  },
  {
    name: "streams of events",
    share: 0.5,
    async once({ url }) {
      expectStatus(await sendAndLeave(`${url}/api/events`, { method: "GET", leave: "at the head" }), 200, 503);
    },
  },
  {
    name: "calls that modern clients leave",
    share: 0.5,
    once: async ({ mcpUrl }) =>
      void (await sendAndLeave(mcpUrl("own"), modern("tools/call", SLEEP, LEAVE_MS, "sleep"))),
  },
  {
    name: "calls that legacy clients cancel",
    share: 0.5,
    async once({ mcpUrl }) {
      const session = await openLegacySession(mcpUrl("own"));
      let isOver = false;
      const end = (): void => {
        isOver = true;
      };
      const call = session.request("tools/call", SLEEP, { id: "c" });
      void call.then(end, end);
      // One that overtakes its call on another connection cancels nothing, and the call waits for its deadline.
      while (!isOver) {
        await new Promise((resolve) => setTimeout(resolve, LEAVE_MS));
        await session.notify("notifications/cancelled", { requestId: "c" });
      }
      await call;
      await fetch(mcpUrl("own"), { method: "DELETE", headers: { "mcp-session-id": session.id } });
    },
  },
  {
    name: "streams of HTTP+SSE, whose clients leave in the middle of a call",
    share: 0.5,
    async once({ url }) {
      const left = new AbortController();
      const stream = await fetch(`${url}/servers/own/sse`, {
        headers: { accept: "text/event-stream" },
        signal: left.signal,
      });
      const reader = stream.body?.getReader();
      const first = new TextDecoder().decode((await reader?.read())?.value);
      const address = /^data: (.*)$/m.exec(first)?.[1];
      if (address === undefined) throw new Error(`no address: ${first}`);
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: SLEEP });
      const posted = await fetch(url + address, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      expectStatus(posted.status, 202);
      left.abort();
    },
  },
  {
    name: "tasks that clients begin, wait for and leave",
    share: 0.5,
    async once({ mcpUrl }) {
      const session = await openLegacySession(mcpUrl("odd"));
      const begun = await session.request("tools/call", { name: "odd", arguments: { result: "never" }, task: {} });
      const { taskId } = (begun.message.result?.task ?? {}) as { readonly taskId?: string };
      const left = new AbortController();
      const waiting = session.request("tasks/result", { taskId }, { signal: left.signal }).catch(() => undefined);
      await session.request("tasks/get", { taskId });
      left.abort();
      await waiting;
      expectStatus(await session.end(), 200);
    },
  },
  {
    name: "batches that clients leave",
    share: 0.5,
    async once({ mcpUrl }) {
      const calls = Array.from({ length: 3 }, () => ({ server: "own", tool: "sleep", arguments: SLEEP.arguments }));
      const params = { name: "hangar_call", arguments: { calls } };
      await sendAndLeave(mcpUrl(), modern("tools/call", params, LEAVE_MS, "hangar_call"));
    },
  },
  {
    name: "lists that clients leave",
    share: 1,
    once: async ({ mcpUrl }) => void (await sendAndLeave(mcpUrl(), modern("tools/list", {}, 1))),
  },
  ...CLIENT_KINDS.map(
    (kind): Kind => ({
      name: `clients of ${kind} that list, call, subscribe and leave`,
      share: 0.25,
      async once({ mcpUrl }) {
        await using client = await connect(kind, mcpUrl("everything"));
        await client.tools();
        await client.call("echo", { message: "hello" });
        const [resource] = await client.resources();
        // Subscriptions of the modern era are made with `subscriptions/listen`, for which see above.
        if (kind !== "sdk v2 auto" && resource !== undefined) await client.subscribe(resource.uri);
        const leaving = new AbortController();
        const call = client.call(
          "trigger-long-running-operation",
          { duration: 30, steps: 3 },
          { signal: leaving.signal, onprogress: () => {} },
        );
        setTimeout(() => leaving.abort(), LEAVE_MS);
        await call.catch(() => {});
      },
    }),
  ),
];

/** Sessions that live as long as the soak. */
const LANES = 8;
const sessionOf: ReturnType<typeof openLegacySession>[] = [];
