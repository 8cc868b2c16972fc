import type { ServerResponse } from "node:http";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { callTool, resultOf, rig } from "../../../test/http/open-session.ts";
import {
  events,
  type Handler,
  json,
  legacy,
  modern,
  type Received,
  rawServer,
  result,
} from "../../../test/http/raw-server.ts";

/** Writes the answer to a call, which is JSON text. */
type Wire = (answer: string, response: ServerResponse, received: Received) => void | Promise<void>;

const JSON_TYPE = { "content-type": "application/json" };

/** The body in one piece of each size that a chunk can end in. */
function inPieces(response: ServerResponse, text: string): void {
  for (let at = 0; at < text.length; at += 7) response.write(text.slice(at, at + 7));
  response.end();
}

const BODIES: readonly (readonly [string, Wire])[] = [
  ["plain", (answer, response) => void response.writeHead(200, JSON_TYPE).end(answer)],
  [
    "with a charset",
    (answer, response) =>
      void response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(answer),
  ],
  ["behind a byte order mark", (answer, response) => void response.writeHead(200, JSON_TYPE).end(`\ufeff${answer}`)],
  ["as a batch of one", (answer, response) => void response.writeHead(200, JSON_TYPE).end(`[${answer}]`)],
  [
    "in a batch behind a notification",
    (answer, response) =>
      void response
        .writeHead(200, JSON_TYPE)
        .end(`[{"jsonrpc":"2.0","method":"notifications/message","params":{}},${answer}]`),
  ],
  ["in small pieces", (answer, response) => inPieces(response.writeHead(200, JSON_TYPE), answer)],
];

/** What may stand in front of the answer on a stream, and is not for us. */
const NOISE: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["text as a heartbeat", "data: ping\n\n"],
  ["JSON as a heartbeat", 'data: {"type":"heartbeat"}\n\n'],
  ["an empty event, a comment and another type", "data:\n\n: c\n\nevent: ping\ndata: x\n\n"],
  ["the answer to another request", 'data: {"jsonrpc":"2.0","id":987654,"result":{"wrong":true}}\n\n'],
  ["an error in answer to another request", 'data: {"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"no"}}\n\n'],
  ["broken JSON", 'data: {"jsonrpc":"2.0",\n\n'],
  ["bytes that are no UTF-8", "data: \xff\xfe\n\n"],
];

const FRAMES: readonly (readonly [string, (answer: string) => string])[] = [
  ["a usual event", (answer) => `event: message\ndata: ${answer}\n\n`],
  ["an event with CR LF", (answer) => `event: message\r\ndata: ${answer}\r\n\r\n`],
  ["an event without the blank line", (answer) => `data: ${answer}\n`],
  ["a batch", (answer) => `data: [${answer}]\n\n`],
];

const STREAMS: readonly (readonly [string, Wire])[] = NOISE.flatMap(([noise, before]) =>
  FRAMES.map(([frame, write]): readonly [string, Wire] => [
    `${frame} behind ${noise}`,
    (answer, response) => void events(response).end(Buffer.from(before + write(answer), "latin1")),
  ]),
);

const CODINGS = { gzip: gzipSync, "x-gzip": gzipSync, deflate: deflateSync, br: brotliCompressSync };

const COMPRESSED: readonly (readonly [string, Wire])[] = Object.entries(CODINGS).flatMap(([coding, compress]) => [
  [
    `a body in ${coding}`,
    (answer, response) =>
      void response.writeHead(200, { ...JSON_TYPE, "content-encoding": coding }).end(compress(answer)),
  ] as const,
  [
    `a stream in ${coding}`,
    (answer, response) =>
      void response
        .writeHead(200, { "content-type": "text/event-stream", "content-encoding": coding })
        .end(compress(`data: ping\n\ndata: ${answer}\n\n`)),
  ] as const,
]);

const MOVED: readonly (readonly [string, Wire])[] = [307, 308].flatMap((status) =>
  [1, 5].map((times): readonly [string, Wire] => [
    `after ${times} redirects with ${status}`,
    (answer, response, { path }) => {
      const hops = Number(new URLSearchParams(path.split("?")[1]).get("hops") ?? 0);
      if (hops === times) json(response, 200, JSON.parse(answer));
      else response.writeHead(status, { location: `/elsewhere?hops=${hops + 1}` }).end("moved");
    },
  ]),
);

const WIRES = [...BODIES, ...STREAMS, ...COMPRESSED, ...MOVED];

/** How the same response may be written. */
const ENVELOPES: readonly (readonly [string, (id: unknown) => object])[] = [
  ["under its id", (id) => ({ id, result: { ok: true } })],
  ["under its id as text", (id) => ({ id: String(id), result: { ok: true } })],
  ["beside an error that is null", (id) => ({ id, result: { ok: true }, error: null })],
];

const ERAS = { legacy, modern } as const;

describe.each(Object.keys(ERAS) as (keyof typeof ERAS)[])("a %s server", (era) => {
  it.each(ENVELOPES)("may answer %s in every way that clients read", async (_name, envelope) => {
    const handler: Handler = (received, response) => {
      const wire = WIRES[Number(received.message.params?.name)]?.[1];
      const answer = JSON.stringify({ jsonrpc: "2.0", ...envelope(received.message.id) });
      return wire?.(answer, response, received);
    };
    const server = await rawServer(ERAS[era](handler));
    const session = await rig(server.url).open();
    for (const [index, [name]] of WIRES.entries()) {
      expect(resultOf(await callTool(session, String(index))), name).toEqual({ ok: true });
    }
  });

  it("is asked for what can be read", async () => {
    const server = await rawServer(ERAS[era]((received, response) => result(received, response, {})));
    await callTool(await rig(server.url).open(), "x");
    const codings = new Set(server.received.map(({ headers }) => headers["accept-encoding"]));
    expect(codings).toEqual(new Set(["gzip, deflate, br"]));
  });

  it.each([
    ["that unfolds to more than is taken", gzipSync(Buffer.alloc(10_000_000, " ")), "too large"],
    ["that is none", Buffer.from("no gzip at all"), "not what its content coding"],
    [
      "that is cut off",
      gzipSync(JSON.stringify({ jsonrpc: "2.0", id: 1, result: {} })).subarray(0, 25),
      "content coding",
    ],
  ])("fails its own call only with a compression %s", async (_name, body, reason) => {
    const handler: Handler = (received, response) => {
      if (received.message.params?.name === "plain") {
        json(response, 200, { jsonrpc: "2.0", id: received.message.id, result: { ok: true } });
      } else response.writeHead(200, { ...JSON_TYPE, "content-encoding": "gzip" }).end(body);
    };
    const server = await rawServer(ERAS[era](handler));
    const session = await rig(server.url, { context: { limits: { responseBytesMax: 100_000 } } }).open();
    expect(await callTool(session, "odd")).toMatchObject({ kind: "failed", message: expect.stringContaining(reason) });
    expect(resultOf(await callTool(session, "plain"))).toEqual({ ok: true });
  });

  it("is not followed elsewhere, nor in circles", async () => {
    const other = await rawServer(() => undefined);
    const targets = [other.url, "//elsewhere.invalid/mcp", "/mcp", "http://[", ""];
    const handler: Handler = (received, response) => {
      response.writeHead(307, { location: targets[Number(received.message.params?.name)] }).end();
    };
    const server = await rawServer(ERAS[era](handler));
    const session = await rig(server.url).open();
    for (const index of targets.keys()) {
      expect(await callTool(session, String(index))).toMatchObject({ kind: "failed", errorType: "protocol" });
    }
    expect(other.received).toHaveLength(0);
    // The two circles: the same path by name, and by the empty name.
    expect(server.methods().filter((method) => method === "tools/call")).toHaveLength(3 + 2 * 6);
  });
});

it.each([200, 202, 204, 400, 405, 406, 415, 422])(
  "a legacy server may answer a notification with %i and any text",
  async (status) => {
    const server = await rawServer((received, response) => {
      if (received.message.method === "notifications/initialized") {
        return void response
          .writeHead(status, { "content-type": "text/html" })
          .end(status === 204 ? undefined : "<p>ok</p>");
      }
      return legacy((asked, answer) =>
        json(answer, 200, { jsonrpc: "2.0", id: asked.message.id, result: { ok: true } }),
      )(received, response);
    });
    const session = await rig(server.url).open();
    expect(resultOf(await callTool(session, "x"))).toEqual({ ok: true });
  },
);

it.each([401, 403, 404, 500])(
  "a legacy server that answers the first notification with %i has not started",
  async (status) => {
    const server = await rawServer((received, response) => {
      if (received.message.method === "notifications/initialized") return void response.writeHead(status).end();
      return legacy(() => undefined)(received, response);
    });
    await expect(rig(server.url).open()).rejects.toThrow(`HTTP ${status}`);
  },
);

it("a legacy server may end the stream of an answer as often as it likes", async () => {
  const POLLS = 12;
  let polls = 0;
  const server = await rawServer((received, response) => {
    const from = received.headers["last-event-id"];
    if (received.method === "GET" && from !== undefined) {
      polls += 1;
      // Some repeat the place, some name a new one, some say nothing at all.
      const place = ["id: again\ndata: \n\n", `id: p${polls}\ndata: \n\n`, ""][polls % 3];
      const answer = `id: end\ndata: ${JSON.stringify({ jsonrpc: "2.0", id: asked, result: { polls } })}\n\n`;
      return void events(response).end(polls === POLLS ? answer : place);
    }
    return legacy((call, stream) => {
      asked = call.message.id;
      events(stream).end("id: first\nretry: 1\ndata: \n\n");
    }, "s")(received, response);
  });
  let asked: unknown;
  const session = await rig(server.url).open();
  expect(resultOf(await callTool(session, "x"))).toEqual({ polls: POLLS });
});

it("a legacy server whose stream comes back after a gap may have changed meanwhile", async () => {
  let streams = 0;
  const server = await rawServer((received, response) => {
    if (received.method !== "GET") return legacy(() => undefined, "s")(received, response);
    streams += 1;
    // At first a proxy has no room, so that the stream of the session begins late.
    if (streams === 1) response.writeHead(503).end();
    else events(response);
  });
  const { open, observer } = rig(server.url);
  await open();
  await expect
    .poll(() => observer.notifications, { timeout: 60_000 })
    .toEqual([{ method: "notifications/tools/list_changed", params: {} }]);
});
