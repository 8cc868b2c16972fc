import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { LOCAL_CALLER } from "@mcp-hangar/core";
import { FakeClock } from "@mcp-hangar/core/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { Traffic } from "../http/traffic.ts";
import { ResponseStream } from "./response-stream.ts";

/** A response to one request, which `use` is given, and what came of it. */
async function respond(
  use: (stream: ResponseStream) => void,
  client: { mayStay?: () => boolean; acceptsEvents?: boolean },
) {
  const clock = new FakeClock();
  const { mayStay = () => true, acceptsEvents = true } = client;
  const http = createServer((request, response) => {
    const exchange = new Traffic().exchange(request, response, LOCAL_CALLER);
    use(new ResponseStream(response, { acceptsEvents, mayStay, exchange }, clock));
  });
  onTestFinished(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  return { clock, answer: fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}`) };
}

it("ends when the client may not have it any more, and says so", async () => {
  let mayStay = true;
  const { clock, answer } = await respond((stream) => stream.open(), { mayStay: () => mayStay });
  const { body } = await answer;
  clock.advance(15_000);
  mayStay = false;
  clock.advance(15_000);
  expect(await new Response(body).text()).toBe(": keep-alive\n\n: access has ended\n\n");
  expect(clock.pendingTimers).toBe(0);
});

describe("a request that takes long", () => {
  async function take(ms: readonly number[], acceptsEvents: boolean) {
    const begun = Promise.withResolvers<ResponseStream>();
    const { clock, answer } = await respond(begun.resolve, { acceptsEvents });
    const stream = await begun.promise;
    stream.showWork();
    for (const each of ms) clock.advance(each);
    stream.finish(200, '{"answer":true}');
    expect(clock.pendingTimers).toBe(0);
    const response = await answer;
    return { type: response.headers.get("content-type"), text: await response.text() };
  }

  it("is plain JSON while it takes less than five seconds", async () => {
    expect(await take([4_999], true)).toEqual({ type: "application/json", text: '{"answer":true}' });
  });

  it("becomes a stream of events that is kept alive, so that nobody on the way gives it up", async () => {
    expect(await take([5_000, 15_000, 15_000], true)).toEqual({
      type: "text/event-stream",
      text: `${": keep-alive\n\n".repeat(2)}event: message\ndata: {"answer":true}\n\n`,
    });
  });

  it("stays JSON for a client that takes no events", async () => {
    expect(await take([60_000], false)).toEqual({ type: "application/json", text: '{"answer":true}' });
  });
});
