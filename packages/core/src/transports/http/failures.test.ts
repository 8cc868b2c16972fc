import { describe, expect, it } from "vitest";
import { callTool, resultOf, rig } from "../../../test/http/open-session.ts";
import {
  event,
  events,
  type Handler,
  json,
  legacy,
  modern,
  type RawServer,
  rawServer,
  result,
} from "../../../test/http/raw-server.ts";
import type { UpstreamReply, UpstreamSession } from "../session.ts";

/** Opens a session with a server of each era whose tools behave like `handler`. */
async function both(
  handler: Handler,
): Promise<readonly { session: UpstreamSession; methods: RawServer["methods"]; statuses: () => string[] }[]> {
  return Promise.all(
    [legacy(handler), modern(handler)].map(async (behaviour) => {
      const server = await rawServer(behaviour);
      const { open, events: counted } = rig(server.url, { context: { limits: { responseBytesMax: 200_000 } } });
      const session = await open();
      counted.length = 0;
      return {
        session,
        methods: server.methods,
        statuses: () => counted.filter(({ method }) => method === "POST").map(({ status }) => status),
      };
    }),
  );
}

interface Case {
  readonly what: string;
  readonly handler: Handler;
  readonly reply: Partial<Record<keyof Extract<UpstreamReply, { kind: "failed" }>, unknown>>;
  readonly status: string;
}

/** Callers get the code; the words of the system, which may name addresses, are for those who run the server. */
const BROKEN = {
  message: expect.stringMatching(/(?:was answered|taken up again: .*)(?: \([A-Z_]+\))?$/),
  diagnosis: expect.any(String),
};

const CASES: readonly Case[] = [
  {
    what: "answers under another id",
    handler: (_, response) => json(response, 200, { jsonrpc: "2.0", id: 4711, result: { wrong: true } }),
    reply: { errorType: "protocol", maybeExecuted: true, message: expect.stringContaining("another request") },
    status: "200",
  },
  {
    what: "answers with an event under another id",
    handler: (_, response) => void events(response).end(event({ id: 4711, result: {} })),
    reply: { errorType: "connection", maybeExecuted: true, message: expect.stringContaining("ended before") },
    status: "200",
  },
  {
    what: "answers with broken JSON",
    handler: (_, response) => void response.writeHead(200, { "content-type": "application/json" }).end('{"jsonrpc":'),
    reply: { errorType: "protocol", maybeExecuted: true, message: expect.stringContaining("not valid JSON") },
    status: "200",
  },
  {
    what: "answers with nothing",
    handler: (_, response) => void response.writeHead(202).end(),
    reply: { errorType: "protocol", maybeExecuted: true, message: expect.stringContaining("HTTP 202") },
    status: "202",
  },
  {
    what: "answers with a notification as its JSON body",
    handler: (_, response) => json(response, 200, { jsonrpc: "2.0", method: "notifications/message", params: {} }),
    reply: { errorType: "protocol", maybeExecuted: true },
    status: "200",
  },
  {
    what: "answers with a web page",
    handler: (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"),
    reply: { errorType: "protocol", message: expect.stringContaining("text/html") },
    status: "200",
  },
  {
    what: "does not compress what it says is compressed",
    handler: (_, response) =>
      void response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end("x"),
    reply: { errorType: "protocol", message: expect.stringContaining("gzip") },
    status: "200",
  },
  {
    what: "is overloaded",
    handler: (_, response) => void response.writeHead(503, { "retry-after": "7" }).end("try  later"),
    reply: {
      errorType: "upstream_error",
      maybeExecuted: true,
      message: expect.stringContaining("HTTP 503: try later"),
      retryAfterMs: 7_000,
    },
    status: "503",
  },
  {
    what: "limits the rate",
    handler: (_, response) =>
      void response
        .writeHead(429, {
          date: "Mon, 30 Nov 2026 05:00:00 GMT",
          "retry-after": "Mon, 30 Nov 2026 05:00:30 GMT",
        })
        .end(),
    reply: { errorType: "overloaded", maybeExecuted: false, answered: true, retryAfterMs: 30_000 },
    status: "429",
  },
  {
    what: "fails",
    handler: (_, response) => void response.writeHead(500).end("x".repeat(100_000)),
    reply: { errorType: "upstream_error", maybeExecuted: true },
    status: "500",
  },
  {
    what: "wants other credentials",
    handler: (_, response) => void response.writeHead(401).end(),
    reply: { errorType: "upstream_auth", maybeExecuted: false, answered: true },
    status: "401",
  },
  {
    what: "sends elsewhere",
    handler: (_, response) => void response.writeHead(307, { location: "http://elsewhere.invalid/" }).end(),
    reply: {
      errorType: "protocol",
      maybeExecuted: false,
      answered: true,
      diagnosis: expect.stringContaining("elsewhere"),
    },
    status: "307",
  },
  {
    what: "finds the request bad",
    handler: (_, response) => void response.writeHead(400).end("bad"),
    reply: { errorType: "upstream_rejected", maybeExecuted: true, answered: true },
    status: "400",
  },
  {
    what: "redirects",
    handler: (_, response) => void response.writeHead(302, { location: "http://elsewhere.invalid/" }).end(),
    reply: {
      errorType: "protocol",
      answered: true,
      message: expect.not.stringContaining("elsewhere.invalid"),
      diagnosis: expect.stringContaining("http://elsewhere.invalid/"),
    },
    status: "302",
  },
  {
    what: "hangs up before it answers",
    handler: (_, response) => void response.destroy(),
    reply: { errorType: "connection", maybeExecuted: true, ...BROKEN },
    status: "error",
  },
  {
    what: "hangs up in mid answer",
    handler: (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": 1000 }).write('{"jsonrpc"');
      setImmediate(() => response.destroy());
    },
    reply: { errorType: "connection", maybeExecuted: true, ...BROKEN },
    status: "error",
  },
  {
    what: "ends its event stream without the answer",
    handler: (_, response) => void events(response).end(event({ method: "notifications/message", params: {} })),
    reply: { errorType: "connection", maybeExecuted: true, message: expect.stringContaining("stream ended") },
    status: "200",
  },
  {
    what: "sends more than fits",
    handler: ({ message }, response) =>
      json(response, 200, { jsonrpc: "2.0", id: message.id, result: { x: "x".repeat(300_000) } }),
    reply: {
      errorType: "upstream_rejected",
      answered: true,
      message: expect.stringContaining("more than 200000 bytes"),
    },
    status: "200",
  },
  {
    what: "sends an event larger than fits",
    handler: (_, response) => void events(response).write(`data: ${"x".repeat(300_000)}`),
    reply: {
      errorType: "upstream_rejected",
      answered: true,
      message: expect.stringContaining("more than 200000 bytes"),
    },
    status: "200",
  },
];

describe("a request to a server that misbehaves", () => {
  it.each(CASES)(
    "fails with the right type when the server $what, and is counted once",
    async ({ handler, reply, status }) => {
      for (const { session, statuses } of await both(handler)) {
        expect(await callTool(session, "x")).toEqual({
          kind: "failed",
          message: expect.any(String),
          maybeExecuted: expect.any(Boolean),
          ...reply,
        });
        await expect.poll(statuses).toEqual([status]);
      }
    },
  );

  it("carries on after each of them on the same session", async () => {
    const handler: Handler = (received, response) => {
      const { name } = received.message.params as { name: string };
      if (name === "ok") return result(received, response, { ok: true });
      return CASES[Number(name)]?.handler(received, response);
    };
    for (const { session } of await both(handler)) {
      for (const index of CASES.keys()) {
        expect((await callTool(session, String(index))).kind, CASES[index]?.what).toBe("failed");
        expect(resultOf(await callTool(session, "ok"))).toEqual({ ok: true });
      }
    }
  });

  it("gives a JSON-RPC error with an HTTP error status back as the server's own error", async () => {
    const error = { code: -32603, message: "inside", data: { why: [1] } };
    for (const { session, statuses } of await both(({ message }, response) =>
      json(response, 500, { jsonrpc: "2.0", id: message.id, error }),
    )) {
      expect(await callTool(session, "x")).toEqual({ kind: "error", error });
      expect(statuses()).toEqual(["500"]);
    }
  });

  it("is certain that nothing was executed when the server is gone", async () => {
    const server = await rawServer(modern(() => {}));
    const { open, events: counted } = rig(server.url);
    const session = await open();
    await server.stop();
    await expect.poll(() => session.connections()).toBe(0);
    expect(await callTool(session, "x")).toMatchObject({
      kind: "failed",
      errorType: "connection",
      maybeExecuted: false,
    });
    expect(counted.map(({ method, status }) => `${method} ${status}`)).toEqual(["POST 200", "POST error"]);
  });
});

describe("a request that is given up", () => {
  it("settles at once, frees the socket and is counted once", async () => {
    for (const { session, methods, statuses } of await both(() => {})) {
      const controller = new AbortController();
      const reply = callTool(session, "x", { signal: controller.signal });
      await expect.poll(methods).toContain("tools/call");
      controller.abort();
      expect(await reply).toMatchObject({ kind: "failed", errorType: "aborted", maybeExecuted: true });
      // What a legacy server is told travels on a request of its own.
      const expected = session.peer.era === "legacy" ? ["error", "202"] : ["error"];
      await expect.poll(statuses).toEqual(expected);
    }
  });

  it("is not sent when it was given up before", async () => {
    const server = await rawServer(modern(() => {}));
    const session = await rig(server.url).open();
    const signal = AbortSignal.abort();
    expect(await callTool(session, "x", { signal })).toMatchObject({ errorType: "aborted", maybeExecuted: false });
    expect(server.methods()).toEqual(["server/discover"]);
  });

  it("is not sent either when it was given up while it waited for a socket", async () => {
    const server = await rawServer(
      modern((received, response) => {
        if (received.message.params?.name === "fast") result(received, response, { fast: true });
      }),
    );
    const session = await rig(server.url, { context: { limits: { connectionsMax: 1 } } }).open();
    const first = new AbortController();
    const second = new AbortController();
    const busy = callTool(session, "slow", { signal: first.signal });
    await expect.poll(server.methods).toContain("tools/call");
    const waiting = callTool(session, "waiting", { signal: second.signal });
    const last = callTool(session, "fast");
    second.abort();
    expect(await waiting).toMatchObject({ errorType: "aborted", maybeExecuted: false });
    first.abort();
    expect(await busy).toMatchObject({ errorType: "aborted", maybeExecuted: true });
    expect(resultOf(await last)).toEqual({ fast: true });
    expect(server.received.map(({ message }) => message.params?.name)).toEqual([undefined, "slow", "fast"]);
  });

  it("removes its listener from a signal that outlives it", async () => {
    const server = await rawServer(modern((received, response) => result(received, response, {})));
    const session = await rig(server.url).open();
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    await Promise.all(Array.from({ length: 5 }, () => callTool(session, "x", { signal })));
    expect(listeners).toBe(0);
  });
});

describe("close", () => {
  it("settles what is in flight, closes all sockets, and may be called again", async () => {
    for (const make of [legacy, modern]) {
      const server = await rawServer(make(() => {}));
      const session = await rig(server.url).open();
      const reply = callTool(session, "x");
      await expect.poll(server.methods).toContain("tools/call");
      await Promise.all([session.close(), session.close()]);
      expect(await reply).toMatchObject({ kind: "failed", errorType: "connection", maybeExecuted: true });
      await expect.poll(server.sockets).toBe(0);
      expect(session.connections()).toBe(0);
      expect(await callTool(session, "y")).toMatchObject({ errorType: "connection", maybeExecuted: false });
    }
  });
});

describe("a result that is read in slices", () => {
  const x = "x".repeat(3_000_000);
  const progress = (progress: number): string =>
    event({ method: "notifications/message", params: { level: "info", data: progress } });

  it("comes whole, in one body or in an event, and in the order of what stands around it", async () => {
    const handlers: Handler[] = [
      (received, response) => result(received, response, { x }),
      ({ message }, response) =>
        void events(response).end(progress(1) + event({ id: message.id as number, result: { x } }) + progress(2)),
      ({ message }, response) => {
        const stream = events(response);
        stream.write(`${event({ method: "notifications/message", params: { level: "info", data: x } })}${progress(2)}`);
        stream.end(event({ id: message.id as number, result: { x } }));
      },
    ];
    for (const handler of handlers) {
      for (const behaviour of [legacy(handler), modern(handler)]) {
        const server = await rawServer(behaviour);
        const session = await rig(server.url).open();
        const reply = await callTool(session, "x");
        expect(resultOf(reply).x).toHaveLength(x.length);
        await session.close();
      }
    }
  });
});
