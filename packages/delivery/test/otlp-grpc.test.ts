import { constants, createServer, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { poll } from "@mcp-hangar/testing";
import { describe, expect, it } from "vitest";
import { ClientUnderTest, forgetful, type Listening, listening, TIMEOUT_MS } from "./otlp-client.ts";

const env = (address: string, scheme = "http"): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: `${scheme}://${address}`,
  OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
});

type Answer = (stream: ServerHttp2Stream) => void;

function collectorThat(answer: Answer): Promise<Listening> {
  const server = createServer();
  server.on("session", (session) => session.on("error", () => {}));
  server.on("stream", (stream) => {
    stream.on("error", () => {}).resume();
    answer(stream);
  });
  return listening(server);
}

/** Answers with these trailers, after these bytes as the message if there are any. */
function answers(trailers: OutgoingHttpHeaders, message?: Buffer): Answer {
  return (stream) => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(message?.length ?? 0);
    stream.end(message === undefined ? undefined : Buffer.concat([Buffer.from([0]), length, message]));
  };
}

const TAKEN = answers({ "grpc-status": "0" }, Buffer.alloc(0));
const failure = (code: number, message = ""): Answer => answers({ "grpc-status": `${code}`, "grpc-message": message });

describe("a collector that answers", () => {
  it.each<[what: string, answer: Answer, outcome: object]>([
    ["OK", TAKEN, { kind: "delivered" }],
    ["OK and ten megabytes", answers({ "grpc-status": "0" }, Buffer.alloc(10_000_000)), { kind: "delivered" }],
    ["INVALID_ARGUMENT", failure(3), { kind: "rejected" }],
    [
      "that the request is too large",
      failure(8, "grpc: received message larger than max (9 vs. 5)"),
      { kind: "rejected", isTooLarge: true },
    ],
    ["RESOURCE_EXHAUSTED", failure(8, "slow down"), { kind: "retry", reason: "rejected" }],
    [
      "UNAUTHENTICATED",
      failure(16),
      {
        kind: "retry",
        reason: "rejected",
        message: expect.stringContaining("are the credentials in the headers right?"),
      },
    ],
    ["UNAVAILABLE", failure(14), { kind: "retry", reason: "connection" }],
    ["a status that nobody knows", failure(99), { kind: "retry" }],
    ["RST_STREAM", (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), { kind: "retry" }],
    ["GOAWAY", (stream) => stream.session?.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM), { kind: "retry" }],
    ["nothing and hangs up", (stream) => stream.session?.destroy(), { kind: "retry", reason: "connection" }],
    [
      "a web page",
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "text/html" });
        stream.end("<h1>Log in</h1>");
      },
      { kind: "retry", message: expect.stringMatching(/^something other than gRPC answers/) },
    ],
    [
      "a page without a word",
      (stream) => {
        stream.respond({ ":status": 200, "content-type": "text/html" });
        stream.end();
      },
      { kind: "retry" },
    ],
    [
      "404 with a page",
      (stream) => {
        stream.respond({ ":status": 404, "content-type": "text/html" });
        stream.end("<h1>Not Found</h1>");
      },
      { kind: "retry" },
    ],
  ])("%s", async (_what, answer, outcome) => {
    await using collector = await collectorThat(answer);
    using client = await ClientUnderTest.open(env(collector.address));
    expect(await client.send()).toMatchObject(outcome);
  });

  it("what it says is cut and without secrets", async () => {
    const says = `no Bearer abcdefghijklmnopqrstuvwxyz012345 ${"x".repeat(5_000)}`;
    await using collector = await collectorThat(failure(13, says));
    using client = await ClientUnderTest.open(env(collector.address));
    const outcome = await client.send();
    expect(outcome).toMatchObject({
      message: expect.stringMatching(/^the collector answers INTERNAL: no .*\[redacted\]/),
    });
    expect(JSON.stringify(outcome).length).toBeLessThan(600);
  });
});

it("a connection on which nothing comes any more ends with the attempt", async () => {
  await using collector = await collectorThat(TAKEN);
  await using between = await forgetful(collector.address);
  using client = await ClientUnderTest.open(env(between.address));
  expect(await client.send()).toEqual({ kind: "delivered" });
  between.forget();
  expect(await client.send(TIMEOUT_MS.silent)).toBeUndefined();
  // The library rests for a second before it connects anew.
  await poll("the next connection", async () => (await client.send())?.kind === "delivered");
});

it.each(["http", "https"])(
  "a handshake of %s that never ends does so with the attempt, and leaves nothing open",
  async (scheme) => {
    await using silent = await listening(createTcpServer((socket) => socket.resume()));
    using client = await ClientUnderTest.open(env(silent.address, scheme));
    for (const connections of [1, 2]) {
      await poll("a connection", async () => {
        expect((await client.send(TIMEOUT_MS.silent))?.kind).not.toBe("delivered");
        return silent.connections() >= connections;
      });
      await poll("the end of the connection", () => silent.sockets.size === 0);
    }
  },
);
