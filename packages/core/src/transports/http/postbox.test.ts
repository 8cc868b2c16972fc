import { describe, expect, it } from "vitest";
import { callTool, request, resultOf, rig } from "../../../test/http/open-session.ts";
import { event, events, legacy, type RawServer, rawServer, result } from "../../../test/http/raw-server.ts";
import { fakePlatform } from "../../testing/fake-platform.ts";
import { HTTP_LIMITS } from "./limits.ts";

/** How many answers of ours a server was sent. */
function replies(server: RawServer): number {
  return server.received.filter(({ method, message }) => method === "POST" && message.method === undefined).length;
}

describe("messages that nobody waits for", () => {
  it("leave room for calls when the server never ends its responses to them", async () => {
    const plain = legacy((received, response) => {
      if (received.message.params?.name !== "hang") return result(received, response, { fine: true });
    });
    const server = await rawServer((received, response) =>
      received.message.method === "notifications/cancelled" ? void events(response) : plain(received, response),
    );
    const platform = fakePlatform();
    const session = await rig(server.url, { platform }).open();
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const hanging = Array.from({ length: 60 }, () => callTool(session, "hang", { signal: controller.signal }));
      const calls = (round + 1) * 60;
      const sent = (): number => server.received.filter(({ message }) => message.params?.name === "hang").length;
      await expect.poll(sent, { timeout: 60_000 }).toBe(calls);
      controller.abort();
      await Promise.all(hanging);
    }
    expect(resultOf(await callTool(session, "fine"))).toEqual({ fine: true });
    const cancellations = (): number =>
      server.methods().filter((method) => method === "notifications/cancelled").length;
    expect(cancellations()).toBeLessThanOrEqual(HTTP_LIMITS.postsAtOnceMax);
    // Those that are never taken make room for the next ones when their time is over.
    await expect.poll(cancellations, { timeout: 60_000 }).toBe(HTTP_LIMITS.postsAtOnceMax);
    await platform.clock.advanceAsync(HTTP_LIMITS.postTimeoutMs);
    await expect.poll(cancellations, { timeout: 60_000 }).toBe(2 * HTTP_LIMITS.postsAtOnceMax);
  });

  it("are dropped when the server asks for more of them than it takes", async () => {
    const asked = 5_000;
    const limits = { ...HTTP_LIMITS, postsMax: 100, postsAtOnceMax: 10 };
    const server = await rawServer(
      legacy((received, response) => {
        if (received.message.method === undefined) return;
        if (received.message.params?.name !== "ask") return result(received, response, {});
        const stream = events(response);
        for (let id = 0; id < asked; id++) stream.write(event({ id: `ping ${id}`, method: "ping" }));
        stream.end(event({ id: received.message.id ?? 0, result: {} }));
      }),
    );
    const { open, observer } = rig(server.url, { context: { limits } });
    const session = await open();
    expect(await callTool(session, "ask")).toMatchObject({ kind: "result" });
    // What was dropped is not counted as sent.
    expect(observer.messages.get("received request")).toBe(asked);
    expect(observer.messages.get("sent response")).toBe(limits.postsMax);
    expect((await request(session, "tools/list")).kind).toBe("result");
    expect(replies(server)).toBeLessThanOrEqual(limits.postsAtOnceMax);
  });

  it("are dropped when they are too long together", async () => {
    const limits = { ...HTTP_LIMITS, postsLengthMax: 10_000 };
    const server = await rawServer(
      legacy((received, response) => {
        if (received.message.method === undefined) return;
        const stream = events(response);
        for (const id of ["a".repeat(20_000), "b".repeat(9_000), "c".repeat(9_000)]) {
          stream.write(event({ id, method: "ping" }));
        }
        stream.end(event({ id: received.message.id ?? 0, result: {} }));
      }),
    );
    const { open, observer } = rig(server.url, { context: { limits } });
    expect((await callTool(await open(), "ask")).kind).toBe("result");
    expect(observer.messages.get("sent response")).toBe(1);
  });
});
