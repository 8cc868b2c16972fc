import { LoopProbe } from "@mcp-hangar/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { OfferFilter } from "../src/catalog/offer-filter.ts";
import { ServerCatalog } from "../src/catalog/server-catalog.ts";
import { nodePlatform } from "../src/platform/node-platform.ts";
import { decodeLargeMessage, decodeMessage, LARGE_MESSAGE_BYTES } from "../src/protocol/decode.ts";
import type { JsonValue } from "../src/protocol/json-rpc.ts";
import { readJson } from "../src/protocol/read-json.ts";
import { FAKE_PEER, FakeSession, resultReply, serverWithTools } from "../src/testing/fake-session.ts";
import { seededRandom } from "../src/testing/seeded-random.ts";
import { SseParser } from "../src/transports/http/sse-parser.ts";
import { LineSplitter } from "../src/transports/stdio/line-splitter.ts";
import { RecordingObserver, rig } from "./http/open-session.ts";
import { events, legacy, rawServer } from "./http/raw-server.ts";
import { call, fixture, open as openStdio, textOf } from "./stdio/harness.ts";

/**
 * CPU time that one turn of the event loop may take, in ms. What is promised is 200 ms on a quiet machine; on one that shares its
 * cores the same work takes more CPU time.
 */
const BOUND_MS = 300;
/** Bytes that a socket or pipe hands over at a time. */
const CHUNK_BYTES = 65_536;

const random = seededRandom(20_260_728);

/** Pieces of JSON whose repetition makes something expensive of few bytes. */
const REPEATED: readonly [string, ...string[]] = [
  ...([
    "1,",
    "[],",
    "{},",
    '"",',
    "1e400,",
    "12345678901234567890,",
    "-0.1,",
    "null,",
    "[[[]]],",
    '{"a":[]},',
    "[1,2],",
  ] as const),
  ...([
    '"\\u0041",',
    '"é",',
    "1.2345678901234567,",
    '{"id":1},',
    '"a\\"b",',
    "  1,",
    "\n1,",
    '{"a":{"b":{"c":1}}},',
  ] as const),
];

/** One hostile document of about so many bytes: an array of repetitions, an object of many keys, depth, one long token. */
function documentOf(bytes: number): string {
  switch (random.integer(0, 6)) {
    case 0:
      return `{${Array.from({ length: bytes / 14 }, (_, index) => `"k${index}":1`).join()}}`;
    case 1:
      return `{${Array.from({ length: bytes / 16 }, (_, index) => `"${(index * 7_919) % 100_000_007}":1`).join()}}`;
    case 2:
      return `[${`${"[".repeat(900)}${"]".repeat(900)},`.repeat(bytes / 1_801)}1]`;
    case 3:
      return random.pick([
        `"${"a".repeat(bytes)}"`,
        `[${"9".repeat(bytes)}]`,
        `[1${" ".repeat(bytes)}]`,
        `"${"\\n".repeat(bytes / 2)}"`,
      ]);
    default: {
      const piece = random.pick(REPEATED) + (random.chance(0.5) ? random.pick(REPEATED) : "");
      return `[${piece.repeat(bytes / piece.length)}1]`;
    }
  }
}

const ENVELOPES: readonly [(document: string) => string, ...((document: string) => string)[]] = [
  (document) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":${document}}}}`,
  (document) => `{"jsonrpc":"2.0","id":1,"result":{"content":${document}}}`,
  (document) => `{"result":{"a":${document}},"id":1,"jsonrpc":"2.0"}`,
  (document) => `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x","data":${document}}}`,
  (document) => `{"jsonrpc":"2.0","method":"x","params":{"a":${document}}}`,
  (document) => document,
  (document) => `{"jsonrpc":"2.0","id":1,"result":{"content":${document}}`,
];

async function expectFree(works: readonly (() => unknown)[]): Promise<void> {
  const probe = new LoopProbe(BOUND_MS);
  for (const work of works) await probe.watch(work);
  expect({ blocked: probe.blocked, longestMs: probe.longestMs }).toEqual({ blocked: 0, longestMs: expect.any(Number) });
}

/** A server that only has an event stream. */
const plain = legacy(() => undefined, "s");

describe("nothing that comes from outside holds the event loop", () => {
  const inTurns = (resume: () => void): void => void setImmediate(resume);

  it.each(Array.from({ length: 20 }, (_, round) => round))("a message of a client of 4 MB, round %i", async () => {
    const bytes = Buffer.from(random.pick(ENVELOPES)(documentOf(4_000_000)));
    await expectFree([
      () => {
        // What is done with a call: it is written again.
        const message = decodeMessage(Buffer.from(bytes), false);
        if (message.kind === "request") JSON.stringify(message.params);
      },
      () => readJson(Buffer.from(bytes)),
    ]);
  });

  it.each(Array.from({ length: 12 }, (_, round) => round))("a message of a server of 1 MB, round %i", async () => {
    const bytes = Buffer.from(random.pick(ENVELOPES)(documentOf(900_000)));
    await expectFree([() => decodeMessage(bytes)]);
  });

  it.each(Array.from({ length: 6 }, (_, round) => round))("a message of a server of 24 MB, round %i", async () => {
    const bytes = Buffer.from(random.pick(ENVELOPES)(documentOf(24_000_000)));
    expect(bytes.length).toBeGreaterThan(LARGE_MESSAGE_BYTES);
    await expectFree([() => decodeLargeMessage(bytes, inTurns)]);
  });

  it("a stream of lines, however they are cut", async () => {
    const texts = ["\n", "a\n", "\r\n", "{}\n", "a".repeat(CHUNK_BYTES), `${"a".repeat(70_000)}\n`, " ".repeat(1_000)];
    await expectFree(
      texts.map((text) => async () => {
        let lines = 0;
        const splitter = new LineSplitter(1_000_000, () => lines++);
        const chunk = Buffer.from(text.repeat(Math.ceil(CHUNK_BYTES / text.length)).slice(0, CHUNK_BYTES));
        for (let round = 0; round < 64; round++) {
          // Each is a chunk of its own, as those of a pipe are.
          splitter.push(Buffer.from(chunk));
          await new Promise((resolve) => setImmediate(resolve));
        }
      }),
    );
  });

  it.each([
    ["what is no JSON, as short as can be", "{\n"],
    ["what is no JSON", '{"id":1,\n'],
    ["lines for people", "loading\n"],
    ["JSON that is no message", "{}\n"],
    ["notifications", '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}\n'],
    ["empty lines", "\n"],
    ["pings", '{"jsonrpc":"2.0","id":"a","method":"ping"}\n'],
  ])("a server that writes as fast as it can: %s", async (_what, line) => {
    const program = fixture("talkative-server.mjs");
    const { session } = await openStdio({ command: [process.execPath, program], env: { LINE: line } });
    onTestFinished(() => session.close());
    await expectFree(
      ["stdout", "stderr"].map((stream) => async () => {
        expect(textOf(await call(session, "talk", { bytes: 4_000_000, stream }))).toBe("done");
      }),
    );
  });

  it.each([
    ["what is no JSON", "data:{\n\n"],
    ["notifications", 'data:{"jsonrpc":"2.0","method":"notifications/x"}\n\n'],
    ["comments and empty events", ":\nevent: x\n\n"],
    ["empty lines", "\n"],
    ["fields that nobody knows", "a\n"],
  ])("a server whose event stream is as fast as it can: %s", async (_what, piece) => {
    const block = piece.repeat(65_536 / piece.length);
    let blocks = 0;
    const server = await rawServer((received, response) => {
      if (received.method !== "GET") return plain(received, response);
      const stream = events(response);
      const write = (): void => {
        while (blocks++ < 120) if (!stream.write(block)) return void stream.once("drain", write);
      };
      write();
    });
    await expectFree([
      async () => {
        await rig(server.url).open();
        await expect.poll(() => blocks, { timeout: 60_000 }).toBeGreaterThan(120);
      },
    ]);
  });

  it("an event stream, however it is cut", async () => {
    const texts = [
      "\n",
      "data:\n",
      "data: a\n\n",
      ":\n",
      "id: 1\n",
      "event: x\n",
      "\r",
      "x",
      "retry: 1\n",
      "data: {}\n",
    ];
    await expectFree(
      texts.map((text) => async () => {
        const parser = new SseParser({ onEvent: () => {} }, 8_000_000);
        const chunk = Buffer.from(text.repeat(Math.ceil(CHUNK_BYTES / text.length)));
        for (let round = 0; round < 64 && parser.push(Buffer.from(chunk)); round++)
          await new Promise((resolve) => setImmediate(resolve));
      }),
    );
  });

  it("the globs of an announced server, over all the names that it lists", async () => {
    const policies = ["*a", "a?", "*a?", "?", "*", `${"a".repeat(400)}b`, `*${"a".repeat(100)}?b*`].map((glob) =>
      Array.from({ length: 200 }, (_, index) => glob.repeat(random.integer(1, 40)).slice(0, 250) + index),
    );
    const names = Array.from({ length: 20_000 }, (_, index) => "a".repeat(random.integer(0, 240)) + index);
    const session = new FakeSession({
      peer: FAKE_PEER,
      observer: new RecordingObserver(),
      reply: serverWithTools(...names),
      closing: async () => {},
      onEnd: () => {},
    });
    for (const globs of policies) {
      const catalog = new ServerCatalog(
        new OfferFilter({ tools: { allow: [...globs, "*"], deny: globs } }),
        nodePlatform.clock,
      );
      await expectFree([
        async () => expect(await catalog.refresh("tools", session, new AbortController().signal)).toBe(true),
        () => new ServerCatalog(new OfferFilter({ tools: { deny: globs } }), nodePlatform.clock).inherit(catalog),
      ]);
    }
  });

  it("the globs of an announced server, over all the URIs that it lists", async () => {
    const policies = ["*a", "a?", "*a?", `*${"a".repeat(100)}?b*`, "memo://*/..%2f*"].map((glob) =>
      Array.from({ length: 200 }, (_, index) => glob.repeat(random.integer(1, 40)).slice(0, 250) + index),
    );
    const odd = ["a", "%61", "/../", "%252e./", "//", "\\", "A"] as const;
    const all = Array.from({ length: 2_000 }, (_, index) => ({
      uri: `Memo://${Array.from({ length: random.integer(1, 300) }, () => random.pick(odd)).join("")}${index}`,
      name: "a",
    }));
    // Another catalog takes over a few at once, and no more.
    for (const resources of [all, all.slice(0, 50)]) {
      const session = new FakeSession({
        peer: { ...FAKE_PEER, capabilities: { tools: {}, resources: {} } },
        observer: new RecordingObserver(),
        reply: () => resultReply({ resources }),
        closing: async () => {},
        onEnd: () => {},
      });
      for (const globs of policies) {
        const filter = new OfferFilter({ resources: { allow: [...globs, "*"], deny: globs } });
        const catalog = new ServerCatalog(filter, nodePlatform.clock);
        await expectFree([
          async () => expect(await catalog.refresh("resources", session, new AbortController().signal)).toBe(true),
          () => new ServerCatalog(new OfferFilter({ resources: { deny: globs } }), nodePlatform.clock).inherit(catalog),
        ]);
      }
    }
  });

  it("listings of a server that defines all of its many tools anew each time", async () => {
    const listing = (round: string): JsonValue[] =>
      Array.from({ length: 12_000 }, (_, tool) => {
        const properties = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`p${at}`, { type: "string" }]));
        return { name: `t${tool}`, description: round, inputSchema: { type: "object", properties } };
      });
    const listings = [listing("a"), listing("b"), listing("c")];
    const session = new FakeSession({
      peer: FAKE_PEER,
      observer: new RecordingObserver(),
      reply: () => resultReply({ tools: listings.shift() ?? [] }),
      closing: async () => {},
      onEnd: () => {},
    });
    const told: number[] = [];
    const catalog = new ServerCatalog(new OfferFilter({}), nodePlatform.clock, {
      onFaults: () => {},
      onRedefined: ({ total }) => void told.push(total.changed),
    });
    const list = async (): Promise<void> => {
      expect(await catalog.refresh("tools", session, new AbortController().signal)).toBe(true);
    };
    await list();
    await expectFree([list, list]);
    expect(told).toEqual([12_000, 12_000]);
  });
});
