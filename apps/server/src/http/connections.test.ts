import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { nodePlatform } from "@mcp-hangar/core";
import { FakeClock } from "@mcp-hangar/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Connection } from "./connection.ts";
import { HttpListener, type ListenerOptions, type RequestHandlers } from "./listener.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

const DEADLINE = { timeout: 60_000 };

const answerOk: RequestHandlers = {
  handle: (_request, response) => void response.end("served"),
  whenFull: (_request, response) => void response.writeHead(503).end("full"),
};

async function listen(
  options: Partial<ListenerOptions> & { readonly total?: number; readonly perAddress?: number },
  handlers: RequestHandlers = answerOk,
): Promise<{ readonly port: number; readonly shed: readonly string[]; readonly listener: HttpListener }> {
  const shed: string[] = [];
  const { total = 100, perAddress = 100, ...rest } = options;
  const listener = new HttpListener(
    {
      host: "127.0.0.1",
      port: 0,
      clock: nodePlatform.clock,
      headerBytesMax: 16_384,
      limits: () => ({ connections: { total, perAddress, reserved: 64 }, writeTimeoutMs: 60_000 }),
      isProxy: () => false,
      onShed: (reason) => shed.push(reason),
      headersTimeoutMs: 60_000,
      requestTimeoutMs: 60_000,
      keepAliveTimeoutMs: 60_000,
      ...rest,
    },
    handlers,
  );
  open.push(listener);
  const { port } = await listener.listen();
  return { port, shed, listener };
}

interface Client {
  readonly socket: Socket;
  readonly text: () => string;
  readonly ended: () => boolean;
}

/** Connects and sends; a client that does not read takes nothing beyond what the kernel takes for it. */
async function client(port: number, bytes: string, reads = true): Promise<Client> {
  const socket = connect(port, "127.0.0.1");
  open.push({ close: () => socket.destroy() });
  let text = "";
  let ended = false;
  socket.on("error", () => {});
  socket.once("close", () => {
    ended = true;
  });
  if (reads) socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  else socket.pause();
  await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
  socket.write(bytes);
  return { socket, text: () => text, ended: () => ended };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`;
const answersIn = (text: string): readonly string[] => text.match(/HTTP\/1\.1 \d{3}/g) ?? [];

describe("connections", () => {
  it.each([
    ["in all", { total: 3 }],
    ["from one address", { perAddress: 3 }],
  ])(
    "beyond the limit %s reach what answers when the gateway is full, and end with the answer",
    async (_what, limits) => {
      const running: ServerResponse[] = [];
      const handle: RequestHandlers["handle"] = ({ url }, response) =>
        url === "/" ? void running.push(response) : void response.end("served");
      const { port, shed } = await listen(limits, { ...answerOk, handle });
      const within = await Promise.all([1, 2, 3].map(() => client(port, get("/"))));
      await expect.poll(() => running.length, DEADLINE).toBe(3);
      const beyond = await client(port, get("/"));
      await expect.poll(beyond.ended, DEADLINE).toBe(true);
      expect(beyond.text()).toMatch(/^HTTP\/1\.1 503 [\s\S]*connection: close[\s\S]*full/i);
      expect(shed).toEqual(["connections"]);
      // Its place is free as soon as one of the others has its answer, whether or not it leaves.
      running[1]?.end("answered");
      await expect.poll(() => within[1]?.text(), DEADLINE).toContain("answered");
      await expect
        .poll(async () => {
          const next = await client(port, get("/next"));
          await expect.poll(() => next.text() !== "" || next.ended(), DEADLINE).toBe(true);
          next.socket.destroy();
          return next.text();
        }, DEADLINE)
        .toContain("served");
      expect([within[0]?.ended(), within[2]?.ended()]).toEqual([false, false]);
    },
  );

  it.each([
    ["say nothing", ""],
    ["say half a word", "GET / HTTP/1.1\r\nx: "],
    ["have their answer", get("/idle")],
    ["send a body for ever", "POST /idle HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\nx"],
  ])("that %s make room for another one, and those that wait for an answer do not", async (_what, bytes) => {
    for (const limits of [{ total: 5 }, { perAddress: 5 }]) {
      const running: ServerResponse[] = [];
      const handle: RequestHandlers["handle"] = ({ url }, response) =>
        url === "/busy" ? void running.push(response) : void response.end("served");
      const { port, shed } = await listen(limits, { ...answerOk, handle });
      const busy = await Promise.all([1, 2].map(() => client(port, get("/busy"))));
      await expect.poll(() => running.length, DEADLINE).toBe(2);
      const idle = await Promise.all([1, 2, 3].map(() => client(port, bytes)));
      if (bytes.includes("/idle"))
        await expect.poll(() => idle.every(({ text }) => text().includes("served")), DEADLINE).toBe(true);
      // Each newcomer is served, and drives out one that waits for nothing.
      for (let count = 0; count < 20; count++) {
        const next = await client(port, get("/"));
        await expect.poll(next.text, DEADLINE).toContain("served");
      }
      await expect.poll(() => idle.map(({ ended }) => ended()), DEADLINE).toEqual([true, true, true]);
      expect(busy.map(({ ended }) => ended())).toEqual([false, false]);
      expect(new Set(shed)).toEqual(new Set(["connections"]));
    }
  });

  it("that were just used make room as well when there are no others, the longest unused first", async () => {
    const { port, shed } = await listen({ perAddress: 3 });
    const clients: Client[] = [];
    for (let count = 0; count < 3; count++) {
      const next = await client(port, get("/"));
      await expect.poll(next.text, DEADLINE).toContain("served");
      clients.push(next);
    }
    const [first, second, third] = clients;
    const use = async (used: Client | undefined): Promise<void> => {
      const before = used?.text() ?? "";
      used?.socket.write(get("/"));
      await expect.poll(() => used?.text().slice(before.length), DEADLINE).toContain("served");
    };
    const newcomer = async (): Promise<Client> => {
      const next = await client(port, get("/"));
      await expect.poll(next.text, DEADLINE).toContain("served");
      return next;
    };
    await newcomer();
    await expect.poll(() => first?.ended(), DEADLINE).toBe(true);
    await use(second);
    await newcomer();
    await expect.poll(() => third?.ended(), DEADLINE).toBe(true);
    expect(second?.ended()).toBe(false);
    expect(shed).toEqual(["connections", "connections"]);
  });

  it("of a proxy are not limited by its address", async () => {
    const { port, shed } = await listen({ perAddress: 1, isProxy: (address) => address === "127.0.0.1" });
    const clients = await Promise.all([1, 2, 3].map(() => client(port, get("/"))));
    await expect.poll(() => clients.map(({ text }) => text().includes("served")), DEADLINE).toEqual([true, true, true]);
    expect(shed).toEqual([]);
  });

  it("beyond the limit that say nothing make room for the next, and end soon by themselves", async () => {
    const clock = new FakeClock();
    const running: ServerResponse[] = [];
    const handle: RequestHandlers["handle"] = (_request, response) => void running.push(response);
    const { port } = await listen({ total: 1, clock }, { ...answerOk, handle });
    const holder = await client(port, get("/"));
    await expect.poll(() => running.length, DEADLINE).toBe(1);
    const silent = await Promise.all(Array.from({ length: 200 }, () => client(port, "GET / HTTP/1.1\r\nx: ")));
    const probe = await client(port, get("/"));
    await expect.poll(probe.text, DEADLINE).toContain("full");
    const left = (): number => silent.filter(({ ended }) => !ended()).length;
    await expect.poll(left, DEADLINE).toBeLessThanOrEqual(64);
    clock.advance(5_000);
    await expect.poll(left, DEADLINE).toBe(0);
    expect(holder.ended()).toBe(false);
  });
});

describe("requests that are sent ahead", () => {
  it("are worked off one after the other, and answered in their order", async () => {
    const running: { readonly url: string; readonly response: ServerResponse }[] = [];
    let most = 0;
    const handle = ({ url }: IncomingMessage, response: ServerResponse): void => {
      running.push({ url: String(url), response });
      most = Math.max(most, running.length);
    };
    const { port } = await listen({}, { handle, whenFull: handle });
    const ahead = await client(port, Array.from({ length: 20 }, (_, index) => get(`/${index}`)).join(""));
    for (let index = 0; index < 20; index++) {
      await expect.poll(() => running[0]?.url, DEADLINE).toBe(`/${index}`);
      running.shift()?.response.end(`answer ${index};`);
    }
    await expect.poll(() => ahead.text().match(/answer \d+/g), DEADLINE).toHaveLength(20);
    expect(ahead.text().match(/answer \d+/g)).toEqual(Array.from({ length: 20 }, (_, index) => `answer ${index}`));
    expect(most).toBe(1);
  });

  it("in a flood end the connection, and nobody else waits for them", async () => {
    const handled: string[] = [];
    const handle = ({ url }: IncomingMessage, response: ServerResponse): void => {
      handled.push(String(url));
      if (url === "/other") response.end("served");
    };
    const { port } = await listen({}, { handle, whenFull: handle });
    const flood = await client(port, get("/flood").repeat(1_000));
    await expect.poll(flood.ended, DEADLINE).toBe(true);
    const other = await client(port, get("/other"));
    await expect.poll(other.text, DEADLINE).toContain("served");
    expect(handled).toEqual(["/flood", "/other"]);
  });

  it("are forgotten when the client leaves before they are begun", async () => {
    const handled: ServerResponse[] = [];
    const handle = (_request: IncomingMessage, response: ServerResponse): void => void handled.push(response);
    const { port, listener } = await listen({}, { handle, whenFull: handle });
    const ahead = await client(port, get("/").repeat(5));
    await expect.poll(() => handled.length, DEADLINE).toBe(1);
    ahead.socket.destroy();
    await expect.poll(() => handled[0]?.closed, DEADLINE).toBe(true);
    expect(handled).toHaveLength(1);
    expect(listener.unsent()).toBe(0);
  });
});

/** More than the kernel holds for a client that does not read. */
const LARGE = Buffer.alloc(32 * 1_024 * 1_024, "x");

describe("an answer that its client does not take", () => {
  const large: RequestHandlers = {
    handle: (_request, response) => void response.end(LARGE),
    whenFull: (_request, response) => void response.end(),
  };
  const limits = (writeTimeoutMs: number): ListenerOptions["limits"] => {
    return () => ({ connections: { total: 100, perAddress: 100, reserved: 64 }, writeTimeoutMs });
  };

  it("at all is given up", async () => {
    const { port, shed, listener } = await listen({ limits: limits(200) }, large);
    await client(port, get("/"), false);
    await expect.poll(() => listener.unsent(), DEADLINE).toBe(1);
    await expect.poll(() => listener.unsent(), DEADLINE).toBe(0);
    expect(shed).toEqual(["unread_answer"]);
  });

  it("is given up as well when the client goes on sending", async () => {
    const clock = new FakeClock();
    const { port, shed, listener } = await listen({ clock, limits: limits(60_000) }, large);
    const { socket } = await client(port, get("/"), false);
    await expect.poll(() => listener.unsent(), DEADLINE).toBe(1);
    socket.write("GET / HTTP/1.1\r\nx: still here");
    clock.advance(1_000);
    // 32 MiB at 32 KiB a second, beside the time in which nothing may happen.
    clock.advance(1_000_000);
    expect(shed).toEqual([]);
    clock.advance(120_000);
    expect(shed).toEqual(["unread_answer"]);
    await expect.poll(() => listener.unsent(), DEADLINE).toBe(0);
  });

  it("of an event stream is given up, and a stream that waits for nothing is left alone", async () => {
    const streams: ServerResponse[] = [];
    const handle = (_request: IncomingMessage, response: ServerResponse): void => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      streams.push(response);
    };
    const clock = new FakeClock();
    const { port, shed } = await listen({ clock, limits: limits(300) }, { handle, whenFull: handle });
    const [quiet, full] = [await client(port, get("/")), await client(port, get("/"), false)];
    await expect.poll(() => streams.length, DEADLINE).toBe(2);
    streams[0]?.write("hello");
    streams[1]?.write(LARGE);
    await expect.poll(quiet.text, DEADLINE).toContain("hello");
    for (let second = 0; second < 20; second++) clock.advance(1_000);
    await expect.poll(() => streams[1]?.destroyed, DEADLINE).toBe(true);
    expect(shed).toEqual(["unread_answer"]);
    expect(streams[0]?.destroyed).toBe(false);
    full.socket.destroy();
  });

  describe("is given up when nothing was taken for the timeout, neither earlier nor much later:", () => {
    const T = 10_000;
    /** The connection of a client that reads nothing, with an answer that waits for it since 0 ms. */
    async function unread(): Promise<Connection> {
      const { promise, resolve } = Promise.withResolvers<Connection>();
      const server = createServer((request, response) => {
        const connection = new Connection(request.socket, (_request, answer) => void answer.end(LARGE));
        connection.take(request, response);
        resolve(connection);
      });
      open.push({ close: () => server.close().closeAllConnections() });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      // It listens on a port.
      await client((server.address() as AddressInfo).port, get("/"), false);
      const connection = await promise;
      expect(connection.isOverdue(0, T)).toBe(false);
      expect(connection.isWaitedFor).toBe(true);
      return connection;
    }

    it.each([
      ["from the beginning", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
      ["with a look that came a little late", [1, 2, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5]],
      // Node.js looks every second, and says nothing after a second in which something has moved.
      ["after something was taken in the third second", [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]],
      [
        "after something was taken in the tenth second",
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
      ],
      ["after something was taken again and again", [2, 4, 6, 8, 10, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]],
    ])("%s", async (_what, looks) => {
      const connection = await unread();
      const given = looks.map((second) => connection.isStalled(second * 1_000, T));
      expect(given).toEqual(looks.map((_second, place) => place === looks.length - 1));
    });
  });

  it("quickly, but steadily, arrives whole", async () => {
    const { port, shed } = await listen({ limits: limits(1_000) }, large);
    const { socket } = await client(port, get("/"), false);
    let bytes = 0;
    const deadline = performance.now() + DEADLINE.timeout;
    while (bytes < LARGE.length && performance.now() < deadline) {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) await new Promise((resolve) => socket.once("readable", resolve));
      else bytes += chunk.length;
    }
    expect(bytes).toBeGreaterThan(LARGE.length);
    expect(shed).toEqual([]);
  });
});

it("an idle connection ends after its time although a listener looks after unread answers", async () => {
  const { port } = await listen({ keepAliveTimeoutMs: 100 });
  const idle = await client(port, get("/"));
  await expect.poll(idle.text, DEADLINE).toContain("served");
  await expect.poll(idle.ended, DEADLINE).toBe(true);
  expect(answersIn(idle.text())).toHaveLength(1);
});
