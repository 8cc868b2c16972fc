import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { callTool, request, resultOf, rig } from "../../../test/http/open-session.ts";
import { events, type Handler, legacy, modern, rawServer, result } from "../../../test/http/raw-server.ts";

const ERAS = { legacy, modern } as const;

/** Hangs up a moment after it has answered, without having said so. */
function hangUpSoon(response: ServerResponse): void {
  const { socket } = response;
  response.on("finish", () => setTimeout(() => socket?.destroy(), 1));
}

describe.each(Object.keys(ERAS) as (keyof typeof ERAS)[])("a %s server", (era) => {
  it("may hang up behind each answer", async () => {
    const server = await rawServer((received, response) => {
      hangUpSoon(response);
      return ERAS[era]((asked, answer) => result(asked, answer, { ok: true }))(received, response);
    });
    const session = await rig(server.url).open();
    // The connections of the handshake show what this server does; a question may be asked again, if it is the first to learn.
    await expect.poll(() => server.sockets(), { timeout: 60_000 }).toBe(0);
    await request(session, "ping");
    for (let n = 0; n < 100; n++) expect(resultOf(await callTool(session, "x")), String(n)).toEqual({ ok: true });
    expect(server.methods().filter((method) => method === "tools/call")).toHaveLength(100);
  });

  it("that keeps its connections is asked over the same one", async () => {
    let connections = 0;
    const seen = new WeakSet<object>();
    const server = await rawServer((received, response) => {
      if (response.socket !== null && !seen.has(response.socket)) {
        seen.add(response.socket);
        connections++;
      }
      return ERAS[era]((asked, answer) => result(asked, answer, { ok: true }))(received, response);
    });
    const session = await rig(server.url).open();
    for (let n = 0; n < 20; n++) await callTool(session, "x");
    // The handshake may use one more for what it says at the same time, such as the stream of the session.
    expect(connections).toBeLessThanOrEqual(3);
  });

  it("that cuts the connection instead of an answer is asked again what changes nothing, and no tool", async () => {
    const cut = new Map<unknown, number>();
    const handler: Handler = (received, response) => {
      const { method } = received.message;
      const times = (cut.get(method) ?? 0) + 1;
      cut.set(method, times);
      if (times <= 2) response.socket?.resetAndDestroy();
      else result(received, response, { times });
    };
    const server = await rawServer(ERAS[era](handler));
    const session = await rig(server.url).open();
    expect(resultOf(await request(session, "tools/list"))).toEqual({ times: 3 });
    expect(await callTool(session, "x")).toMatchObject({
      kind: "failed",
      errorType: "connection",
      maybeExecuted: true,
    });
    expect(cut.get("tools/call")).toBe(1);
  });

  it("that never answers is not asked for ever", async () => {
    const server = await rawServer(ERAS[era]((_received, response) => void response.socket?.destroy()));
    const session = await rig(server.url).open();
    expect(await request(session, "tools/list")).toMatchObject({ kind: "failed", errorType: "connection" });
    expect(server.methods().filter((method) => method === "tools/list")).toHaveLength(4);
  });

  it("may cut the connection behind a whole answer that it has not ended, and not within one", async () => {
    const handler: Handler = ({ message }, response) => {
      const answer = JSON.stringify({ jsonrpc: "2.0", id: message.id, result: { ok: true } });
      response.writeHead(200, { "content-type": "application/json" });
      const text = message.params?.name === "whole" ? answer : answer.slice(0, -1);
      response.write(text, () => response.socket?.destroy());
    };
    const server = await rawServer(ERAS[era](handler));
    const session = await rig(server.url).open();
    expect(resultOf(await callTool(session, "whole"))).toEqual({ ok: true });
    expect(await callTool(session, "half")).toMatchObject({ kind: "failed", errorType: "connection" });
  });
});

describe("a legacy server that says all on the stream of the session", () => {
  /** Accepts each call, and answers on the GET stream when there is one. */
  function accepting(refuse: boolean): Handler {
    let stream: ServerResponse | undefined;
    const waiting: string[] = [];
    return (received, response) => {
      if (received.method === "GET" && !refuse) {
        stream = events(response);
        for (const text of waiting) stream.write(text);
        return;
      }
      return legacy(({ message }, accepted) => {
        accepted.writeHead(202).end();
        const failed = message.params?.name === "failing";
        const answer = failed ? { error: { code: 7, message: "no" } } : { result: { ok: true } };
        const text = `data: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, ...answer })}\n\n`;
        if (stream === undefined) waiting.push(text);
        else stream.write(text);
      })(received, response);
    };
  }

  it("may accept a request and answer there", async () => {
    const server = await rawServer(accepting(false));
    const session = await rig(server.url).open();
    for (let n = 0; n < 5; n++) expect(resultOf(await callTool(session, "x"))).toEqual({ ok: true });
    expect(await callTool(session, "failing")).toMatchObject({ kind: "error", error: { code: 7 } });
    const all = await Promise.all(Array.from({ length: 20 }, () => callTool(session, "x")));
    expect(all.map(resultOf)).toEqual(all.map(() => ({ ok: true })));
  });

  it("has not answered when there is no such stream", async () => {
    const server = await rawServer(accepting(true));
    const session = await rig(server.url).open();
    // The refusal of the stream may be on its way still; it has come when a request behind it has.
    await expect.poll(() => server.received.some(({ method }) => method === "GET"), { timeout: 60_000 }).toBe(true);
    await session.request({ method: "ping", params: {}, signal: AbortSignal.timeout(500), trace: {} });
    expect(await callTool(session, "x")).toMatchObject({ kind: "failed", errorType: "protocol" });
  });

  it("is left when the caller leaves", async () => {
    const server = await rawServer((received, response) => {
      if (received.method === "GET") return void events(response);
      return legacy((_call, accepted) => void accepted.writeHead(202).end())(received, response);
    });
    const session = await rig(server.url).open();
    const abort = new AbortController();
    const reply = callTool(session, "x", { signal: abort.signal });
    await expect.poll(() => server.methods().includes("tools/call"), { timeout: 60_000 }).toBe(true);
    abort.abort();
    expect(await reply).toMatchObject({ kind: "failed", errorType: "aborted", maybeExecuted: true });
    await expect.poll(() => server.methods().includes("notifications/cancelled"), { timeout: 60_000 }).toBe(true);
  });
});
