import { describe, expect, it } from "vitest";
import { ResultPayload } from "../protocol/result-payload.ts";
import { fakePlatform, seededRandom } from "../testing/index.ts";
import type { UpstreamRequest, UpstreamSession } from "../transports/session.ts";
import { foldedUri, ResourceSubscriptions } from "./resource-subscriptions.ts";

/** Spellings of two resources, as far as a server might see it. */
const SPELLINGS = [
  [
    "file:///a/b",
    "FILE:///a/b",
    "file:///a/./b",
    "file:///a/x/../b",
    "file:///a/%62",
    "file://localhost/a/b/",
    "file:///A/B",
  ],
  ["mem://note", "mem://NOTE", "mem://n%6fte", "mem://note/", "MEM://note", "mem://n%256fte"],
] as const;
const ALL = SPELLINGS.flat();

/** A server that takes its URIs letter by letter, or sees through their spellings; it answers when the test lets it. */
class Server {
  readonly subscribed = new Set<string>();
  readonly #fold: (uri: string) => string;
  readonly #waiting: (() => void)[] = [];

  constructor(fold: (uri: string) => string) {
    this.#fold = fold;
  }

  readonly session = {
    request: async ({ method, params }: UpstreamRequest) => {
      expect(method).toBe("resources/unsubscribe");
      await this.#turn();
      this.subscribed.delete(this.#fold(`${params.uri as string}`));
      return { kind: "result", result: ResultPayload.ofValue({}) };
    },
    // Nothing else of a session is used here.
  } as unknown as UpstreamSession;

  async subscribe(uri: string, agrees: boolean): Promise<boolean> {
    await this.#turn();
    if (agrees) this.subscribed.add(this.#fold(uri));
    return agrees;
  }

  has(uri: string): boolean {
    return this.subscribed.has(this.#fold(uri));
  }

  /** Lets one message arrive, of those under way any: over HTTP they overtake each other. */
  arrive(random: () => number): void {
    const [next] = this.#waiting.splice(Math.floor(random() * this.#waiting.length), 1);
    next?.();
  }

  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe("spellings of one resource", () => {
  it.each(SPELLINGS.map((spellings) => ({ spellings })))("are one: $spellings", ({ spellings }) => {
    // A host makes another resource, unless the server knows better.
    const same = spellings.filter((each) => !each.includes("localhost"));
    expect(new Set(same.map(foldedUri)).size).toBe(1);
  });

  it("are told from other resources", () => {
    expect(new Set(["mem://a", "mem://b", "mem://a/b", "file:///a", "mem://a?b", "mem://ä"].map(foldedUri)).size).toBe(
      5,
    );
    for (const odd of ["", "://", "%", "%zz", "\ud800", "a b", "x".repeat(8_192), "%".repeat(8_192)]) foldedUri(odd);
  });
});

describe("a subscription", () => {
  it.each([
    ["letter by letter", (uri: string) => uri],
    ["whatever their spelling", foldedUri],
  ])("lasts until its own client ends it, at a server that takes URIs %s", async (_how, fold) => {
    const { next: random } = seededRandom(5);
    for (let run = 0; run < 150; run++) {
      const server = new Server(fold);
      const context = { platform: fakePlatform(), timeoutMs: 1_000, session: () => server.session };
      const subscriptions = new ResourceSubscriptions(context);
      const held: string[] = [];
      for (let step = 0; step < 40; step++) {
        const uri = ALL[Math.floor(random() * ALL.length)] ?? "";
        const what = random();
        if (what < 0.35) {
          const agrees = random() < 0.8;
          void subscriptions
            .add(uri, () => server.subscribe(uri, agrees))
            .then(() => {
              if (agrees) held.push(uri);
            });
        } else if (what < 0.6 && held.length > 0) {
          const [gone] = held.splice(Math.floor(random() * held.length), 1);
          subscriptions.remove(gone ?? "");
        } else server.arrive(random);
        await settle();
        for (const each of held) expect(server.has(each), `run ${run} step ${step}: ${each}`).toBe(true);
      }
      while (server.isBusy) {
        server.arrive(random);
        await settle();
      }
      for (const each of held) expect(server.has(each)).toBe(true);
      for (const each of held.splice(0)) subscriptions.remove(each);
      await settle();
      while (server.isBusy) {
        server.arrive(random);
        await settle();
      }
      expect([...server.subscribed]).toEqual([]);
    }
  });

  it("that was never made ends nobody's", async () => {
    const server = new Server((uri) => uri);
    const context = { platform: fakePlatform(), timeoutMs: 1_000, session: () => server.session };
    const subscriptions = new ResourceSubscriptions(context);
    const added = subscriptions.add("mem://note", () => server.subscribe("mem://note", true));
    await settle();
    server.arrive(() => 0);
    await added;
    subscriptions.remove("mem://other");
    await expect(subscriptions.add("mem://note", () => Promise.reject(new Error("left")))).rejects.toThrow("left");
    await settle();
    expect(server.isBusy).toBe(false);
    expect(server.has("mem://note")).toBe(true);
  });
});
