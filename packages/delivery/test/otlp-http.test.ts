import { createServer, type RequestListener } from "node:http";
import { createServer as createSocketServer } from "node:net";
import { poll } from "@mcp-hangar/testing";
import { describe, expect, it } from "vitest";
import { ClientUnderTest, forgetful, listening, TIMEOUT_MS } from "./otlp-client.ts";

const env = (address: string): Readonly<Record<string, string>> => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}`,
});

/** What becomes of a request that is answered so. */
async function outcomeOf(answer: RequestListener): Promise<unknown> {
  await using collector = await listening(createServer(answer));
  using client = await ClientUnderTest.open(env(collector.address));
  return await client.send();
}

function refuses(status: number, retryAfter?: string): RequestListener {
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return (_, response) => response.writeHead(status, headers).end("no");
}

function breaksOff(status: number): RequestListener {
  return (request, response) => {
    response.writeHead(status, { "content-length": "100" }).write("half", () => request.socket.destroy());
  };
}

const page =
  (status: number): RequestListener =>
  (_, response) =>
    response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end("<h1>Log in</h1>");

const REFUSED = { kind: "retry", reason: "rejected" };

describe("a collector that answers", () => {
  it.each<[what: string, answer: RequestListener, outcome: object]>([
    ["200 and nothing", (_, response) => response.end(), { kind: "delivered" }],
    ["202", (_, response) => response.writeHead(202).end(), { kind: "delivered" }],
    ["200 and ten megabytes", (_, response) => response.end(Buffer.alloc(10_000_000)), { kind: "delivered" }],
    ["200 and breaks off", breaksOff(200), { kind: "delivered" }],
    [
      "200 with a web page",
      page(200),
      { ...REFUSED, message: expect.stringMatching(/^a web page .* OTLP receiver\?$/) },
    ],
    ["502 with a web page", page(502), { ...REFUSED, message: "the collector answers 502 Bad Gateway" }],
    ["400 with a web page", page(400), { kind: "rejected", message: "the collector answers 400 Bad Request" }],
    ["503 and breaks off", breaksOff(503), REFUSED],
    ["429 for an hour", refuses(429, "3600"), { ...REFUSED, retryAfterMs: 3_600_000 }],
    ["no HTTP", (request) => request.socket.end("SSH-2.0-OpenSSH\r\n"), { kind: "retry", reason: "connection" }],
    ["nothing and hangs up", (request) => request.socket.destroy(), { kind: "retry", reason: "connection" }],
  ])("%s", async (_what, answer, outcome) => {
    expect(await outcomeOf(answer)).toMatchObject(outcome);
  });

  it.each([301, 302, 307, 308, 401, 403, 404, 405, 415, 429, 500, 502, 503, 504])(
    "%i is asked again",
    async (status) => {
      expect(await outcomeOf(refuses(status))).toMatchObject(REFUSED);
    },
  );

  it.each([400, 413, 422])("%i has refused for good", async (status) => {
    expect(await outcomeOf(refuses(status))).toMatchObject({ kind: "rejected" });
  });

  it("413 has refused the size", async () => {
    expect(await outcomeOf(refuses(413))).toMatchObject({ kind: "rejected", isTooLarge: true });
  });

  it.each([
    [301, "redirects are not followed"],
    [308, "redirects are not followed"],
    [401, "credentials"],
    [403, "credentials"],
    [404, "with the path that it wants"],
    [413, "requests of 2 MB"],
    [415, "protocol"],
  ])("%i is told with what to look at: %s", async (status, advice) => {
    expect(await outcomeOf(refuses(status))).toMatchObject({ message: expect.stringContaining(advice) });
  });

  it.each(["9".repeat(400), "Thu, 01 Jan 1970 00:00:00 GMT", "-5", "soon", ""])(
    "429 with Retry-After %o names no time",
    async (retryAfter) => {
      const outcome = await outcomeOf(refuses(429, retryAfter));
      expect(outcome).toMatchObject(REFUSED);
      expect(outcome).not.toHaveProperty("retryAfterMs");
    },
  );
});

it("what a collector says of itself is cut and without secrets", async () => {
  const phrase = `no Bearer abcdefghijklmnopqrstuvwxyz012345 ${"x".repeat(5_000)}`;
  const outcome = await outcomeOf((_, response) => response.writeHead(500, phrase).end());
  expect(outcome).toMatchObject({ message: expect.stringMatching(/^the collector answers 500 no .*\[redacted\].*x/) });
  expect(JSON.stringify(outcome).length).toBeLessThan(600);
});

it("a redirect is not followed: keys stay here", async () => {
  await using elsewhere = await listening(createServer((_, response) => response.end()));
  const location = `http://${elsewhere.address}/v1/logs`;
  await using collector = await listening(createServer((_, response) => response.writeHead(307, { location }).end()));
  using client = await ClientUnderTest.open({
    ...env(collector.address),
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=canary",
  });
  expect(await client.send()).toMatchObject(REFUSED);
  expect(elsewhere.connections()).toBe(0);
});

it.each([503, 400, 200])(
  "an answer of %i that never ends does not stand in the way of the next request",
  async (status) => {
    let requests = 0;
    await using collector = await listening(
      createServer((_, response) => {
        requests += 1;
        if (requests > 1) response.end();
        else response.writeHead(status, { "content-type": "text/html" }).write("and so on");
      }),
    );
    using client = await ClientUnderTest.open(env(collector.address));
    expect((await client.send())?.kind).toBe(status === 400 ? "rejected" : "retry");
    expect(await client.send()).toEqual({ kind: "delivered" });
  },
);

it.each<[what: string, answer: RequestListener, told: unknown]>([
  ["refuses", refuses(400), "the collector answers 400 Bad Request"],
  ["wants to be left alone for long", refuses(429, "1000000000"), "the collector answers 429 Too Many Requests"],
  ["breaks off", (request) => request.socket.destroy(), "socket hang up"],
])("of a collector that %s it is told at once, and once, and when it is over", async (_what, answer, problem) => {
  let isWell = false;
  const well: RequestListener = (_, response) => response.end();
  await using collector = await listening(createServer((...request) => (isWell ? well : answer)(...request)));
  using client = await ClientUnderTest.open(env(collector.address));
  await client.send();
  expect(client.told).toEqual([problem]);
  await client.send();
  expect(client.told).toEqual([problem]);
  isWell = true;
  await client.send();
  expect(client.told).toEqual([problem, undefined]);
});

it("a collector that wants another protocol has answered", async () => {
  await using collector = await listening(
    createSocketServer((socket) =>
      socket.once("data", () =>
        socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
      ),
    ),
  );
  using client = await ClientUnderTest.open(env(collector.address));
  expect(await client.send()).toMatchObject({ ...REFUSED, message: "the collector answers 101 Switching Protocols" });
});

it("a refusal that does not end is not read on, though no other request comes", async () => {
  const chunk = Buffer.alloc(16_384);
  await using collector = await listening(
    createServer((_, response) => {
      response.writeHead(500);
      const more = (): void => void (response.destroyed || (response.write(chunk) ? setImmediate(more) : undefined));
      response.on("drain", more);
      more();
    }),
  );
  using client = await ClientUnderTest.open(env(collector.address));
  expect(await client.send()).toMatchObject(REFUSED);
  await poll("the end of the connection", () => collector.sockets.size === 0);
});

it("a connection on which nothing comes any more ends with the attempt", async () => {
  await using collector = await listening(createServer((_, response) => response.end()));
  await using between = await forgetful(collector.address);
  using client = await ClientUnderTest.open(env(between.address));
  expect(await client.send()).toEqual({ kind: "delivered" });
  between.forget();
  expect(await client.send(TIMEOUT_MS.silent)).toBeUndefined();
  expect(await client.send()).toEqual({ kind: "delivered" });
});
