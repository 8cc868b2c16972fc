import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { FakeClock, settlePromises } from "../../testing/fake-clock.ts";
import type { ServerRequestReply, UpstreamRequest } from "../session.ts";
import { StdioConnection } from "./connection.ts";
import { STDIO_LIMITS } from "./limits.ts";
import { PipeWriter } from "./pipe-writer.ts";

/** A connection to a server that a test plays: what it was sent, and what it says. */
function connect() {
  const clock = new FakeClock();
  const input = new PassThrough();
  const sent: { id?: number | string; method?: string; result?: unknown; error?: unknown }[] = [];
  input.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n")) if (line !== "") sent.push(JSON.parse(line));
  });
  const connection = new StdioConnection({
    writer: new PipeWriter(input, clock, STDIO_LIMITS.queueLengthMax),
    clock,
    observer: {
      onNotification: () => undefined,
      onServerRequest: async (_request, why) => ({ kind: "error", error: { code: -32_601, message: why } }),
      onClosed: () => undefined,
      onLog: () => undefined,
      onMessage: () => undefined,
    },
    limits: STDIO_LIMITS,
    flow: { pause: () => undefined, resume: () => undefined },
    onBroken: () => undefined,
  });
  const says = (message: object): void =>
    connection.read(Buffer.from(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`));
  const call = (origin: string, signal?: AbortSignal): void => {
    const onServerRequest = async (): Promise<ServerRequestReply> => ({ kind: "result", result: { from: origin } });
    const request: UpstreamRequest = { method: "tools/call", params: {}, signal, trace: {}, origin, onServerRequest };
    void connection.request(request);
  };
  /** What the server hears when it asks something. */
  const asked = async (id: string): Promise<unknown> => {
    says({ id, method: "elicitation/create", params: {} });
    await written();
    const { result, error } = sent.find((message) => message.id === id) ?? {};
    return result ?? error;
  };
  const sentOf = (method: string): readonly { id?: number | string }[] =>
    sent.filter((message) => message.method === method);
  return { clock, says, call, asked, sentOf };
}

/** Lines are gathered for a turn, written in the next, and read in one after that. */
async function written(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await settlePromises();
}

const GONE = "a call of another client was given up a moment ago and may be what it stems from";

describe("a server that many share, and that asks", () => {
  it("hears why nobody was asked", async () => {
    const { call, asked } = connect();
    expect(await asked("a")).toMatchObject({ message: "no call is in flight" });
    call("ann");
    expect(await asked("b")).toEqual({ from: "ann" });
    call("bob");
    expect(await asked("c")).toMatchObject({
      message: "calls of several clients are in flight on the one session that they share",
    });
  });

  it("may ask for others again soon after a call was given up: it shows that it knows", async () => {
    const { clock, call, says, asked, sentOf } = connect();
    const leaving = new AbortController();
    call("ann", leaving.signal);
    leaving.abort();
    call("bob");
    await written();
    expect(await asked("a")).toMatchObject({ message: GONE });
    const [ping] = sentOf("ping");
    says({ id: ping?.id, result: {} });
    clock.advance(999);
    expect(await asked("b")).toMatchObject({ message: GONE });
    clock.advance(1);
    expect(await asked("c")).toEqual({ from: "bob" });
  });

  it("is asked whether it knows once, however many calls are given up meanwhile, and then for the rest", async () => {
    const { clock, call, says, asked, sentOf } = connect();
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
    for (const { signal } of [first, second, third]) call("ann", signal);
    for (const controller of [first, second, third]) controller.abort();
    await written();
    expect(sentOf("ping")).toHaveLength(1);
    // It was sent before the others were given up.
    says({ id: sentOf("ping")[0]?.id, error: { code: -32_601, message: "what?" } });
    await written();
    expect(sentOf("ping")).toHaveLength(2);
    says({ id: sentOf("ping")[1]?.id, result: {} });
    await written();
    expect(sentOf("ping")).toHaveLength(2);
    clock.advance(1_000);
    call("bob");
    expect(await asked("a")).toEqual({ from: "bob" });
  });

  it("may ask nobody else for half a minute when it does not say that it knows", async () => {
    const { clock, call, asked } = connect();
    const leaving = new AbortController();
    call("ann", leaving.signal);
    leaving.abort();
    call("bob");
    clock.advance(29_999);
    expect(await asked("a")).toMatchObject({ message: GONE });
    clock.advance(1);
    expect(await asked("b")).toEqual({ from: "bob" });
  });
});
