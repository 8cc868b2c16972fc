import { describe, expect, it } from "vitest";
import type { JsonRpcNotification } from "../protocol/json-rpc.ts";
import {
  FAKE_PEER,
  type FakePlatform,
  type FakeReply,
  FakeTransport,
  fakePlatform,
  resultReply,
  settlePromises,
} from "../testing/index.ts";
import type { SessionObserver, UpstreamRequest, UpstreamSession } from "../transports/session.ts";
import { ResourceWatches } from "./resource-watches.ts";

const OBSERVER: SessionObserver = {
  onNotification: () => {},
  onServerRequest: async () => ({ kind: "result", result: {} }),
  onClosed: () => {},
  onLog: () => {},
  onMessage: () => {},
};

/** Acknowledges every URI that does not begin with "no", and stays open. */
const grant: FakeReply = (request) => {
  acknowledge(
    request,
    urisOf(request).filter((uri) => !uri.startsWith("no")),
  );
  return "hang";
};

function urisOf({ params }: UpstreamRequest): readonly string[] {
  const { resourceSubscriptions } = params.notifications as { resourceSubscriptions: readonly string[] };
  return resourceSubscriptions;
}

function acknowledge(request: UpstreamRequest, uris: readonly string[]): void {
  const params = { notifications: { resourceSubscriptions: uris } };
  request.onNotification?.({ method: "notifications/subscriptions/acknowledged", params });
}

const updated = (uri: string): JsonRpcNotification => ({ method: "notifications/resources/updated", params: { uri } });

interface Setup {
  readonly platform: FakePlatform;
  readonly transport: FakeTransport;
  readonly watches: ResourceWatches;
  readonly heard: JsonRpcNotification[];
  session: UpstreamSession | undefined;
  /** The subscriptions asked for so far. */
  readonly listens: () => readonly UpstreamRequest[];
  /** The URIs of subscriptions that stand. */
  readonly standing: () => readonly (readonly string[])[];
}

async function setUp(reply: FakeReply = grant): Promise<Setup> {
  const platform = fakePlatform();
  const transport = new FakeTransport(platform.clock, { peer: { ...FAKE_PEER, era: "modern" }, reply });
  const heard: JsonRpcNotification[] = [];
  const listens = (): readonly UpstreamRequest[] => transport.sessions.flatMap(({ requests }) => requests);
  const setup: Setup = {
    platform,
    transport,
    heard,
    session: await transport.open(OBSERVER, new AbortController().signal),
    watches: new ResourceWatches({
      platform,
      timeoutMs: 5_000,
      session: () => setup.session,
      onUpdated: (notification) => heard.push(notification),
    }),
    listens,
    standing: () => listens().flatMap((request) => (request.signal?.aborted ? [] : [urisOf(request)])),
  };
  return setup;
}

describe("ResourceWatches", () => {
  it("keeps one stream for all resources, replaced when there is a new one, and ends it with the last watcher", async () => {
    const { watches, standing, listens } = await setUp();
    expect(await Promise.all([watches.add("a"), watches.add("a")])).toEqual([undefined, undefined]);
    expect(standing()).toEqual([["a"]]);
    await watches.add("b");
    expect(standing()).toEqual([["a", "b"]]);
    expect(listens()).toHaveLength(2);
    for (const uri of ["a", "b"]) watches.remove(uri);
    expect(standing()).toEqual([["a", "b"]]);
    watches.remove("a");
    expect(standing()).toEqual([]);
  });

  it("asks once more, and not once each, for those who came while a stream was being opened", async () => {
    const opening: UpstreamRequest[] = [];
    const { watches, listens, standing } = await setUp((request) => {
      opening.push(request);
      return "hang";
    });
    const first = watches.add("a");
    await settlePromises();
    const others = [watches.add("b"), watches.add("c")];
    for (let count = 0; count < 2; count++) {
      await settlePromises();
      const request = opening[count];
      if (request !== undefined) acknowledge(request, urisOf(request));
    }
    expect(await Promise.all([first, ...others])).toEqual([undefined, undefined, undefined]);
    expect(listens()).toHaveLength(2);
    expect(standing()).toEqual([["a", "b", "c"]]);
  });

  it("passes updates on", async () => {
    const { watches, listens, heard } = await setUp();
    await watches.add("a");
    listens()[0]?.onNotification?.(updated("a"));
    listens()[0]?.onNotification?.({ method: "notifications/tools/list_changed", params: {} });
    expect(heard).toEqual([updated("a")]);
  });

  it.each<{ name: string; reply: FakeReply; uri?: string; says: string }>([
    { name: "does not grant it", reply: grant, uri: "no", says: "does not take subscriptions to this resource" },
    {
      name: "refuses",
      reply: () => ({ kind: "error", error: { code: -32601, message: "Method not found" } }),
      says: "Method not found",
    },
    { name: "ends it at once", reply: () => resultReply({}), says: "ended the subscription at once" },
    { name: "does not acknowledge it", reply: () => "hang", says: "did not acknowledge" },
  ])("says why when the server $name, and forgets it", async ({ reply, uri = "a", says }) => {
    const { watches, platform, transport, listens } = await setUp(reply);
    const problem = watches.add(uri);
    await platform.clock.advanceAsync(5_000);
    expect(await problem).toContain(says);
    await platform.clock.advanceAsync(60_000);
    expect([listens().length, transport.lastSession?.inFlight, platform.clock.pendingTimers]).toEqual([1, 0, 0]);
  });

  it("does not lose what is watched when another resource is refused", async () => {
    const { watches, standing } = await setUp();
    await watches.add("a");
    expect(await watches.add("no")).toBeDefined();
    expect(standing()).toEqual([["a", "no"]]);
    await watches.add("b");
    expect(standing()).toEqual([["a", "b"]]);
  });

  it("comes back after the stream or the server is gone, and tells that something may have been missed", async () => {
    const setup = await setUp();
    const { watches, transport, platform, heard, standing } = setup;
    await watches.add("a");
    transport.lastSession?.crash();
    setup.session = undefined;
    await platform.clock.advanceAsync(20_000);
    expect(heard).toEqual([]);
    setup.session = await transport.open(OBSERVER, new AbortController().signal);
    await platform.clock.advanceAsync(30_000);
    expect(heard).toEqual([updated("a")]);
    expect(transport.lastSession?.inFlight).toBe(1);
    expect(standing().at(-1)).toEqual(["a"]);
  });

  it("leaves a server that ends every stream at once alone, for longer and longer", async () => {
    const { watches, platform, listens } = await setUp((request) => {
      acknowledge(request, urisOf(request));
      return resultReply({});
    });
    await watches.add("a");
    await platform.clock.advanceAsync(10_000);
    expect(listens().length).toBeLessThan(8);
    watches.close();
    const before = listens().length;
    await platform.clock.advanceAsync(100_000);
    expect([listens().length, platform.clock.pendingTimers]).toEqual([before, 0]);
  });
});
