import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { afterEach, describe, expect, it } from "vitest";
import { parsedBytes } from "./parsed-bytes.ts";
import { readBody } from "./read-body.ts";
import { Traffic } from "./traffic.ts";

const MEBIBYTE = 1_024 * 1_024;
const DEADLINE = { timeout: 60_000 };
/** Smaller than the bodies that are counted as they come, and a megabyte when it is parsed. */
const DENSE = JSON.stringify(Array.from({ length: 20_000 }, () => []));

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

interface Held {
  readonly response: ServerResponse;
  readonly outcome: string;
  readonly socket: Socket;
  /** Ends the work on the request. */
  readonly done: () => void;
}

/** A server that reads bodies and answers nothing; each request comes on a connection of its own. */
async function holding(traffic: Traffic): Promise<(credential: string, body: string) => Promise<Held>> {
  const arrived: ((held: Omit<Held, "socket">) => void)[] = [];
  const server = createServer((request, response) => {
    const credential = String(request.headers["x-credential"]);
    const caller: Caller = { type: "api_key", id: registeredName("ann"), roles: [], credential };
    const exchange = traffic.exchange(request, response, caller);
    readBody(request, response, { bytesMax: 4 * MEBIBYTE, exchange }, ({ kind }) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      exchange.keepUntil(promise);
      arrived.shift()?.({ response, outcome: kind, done: resolve });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({
    close() {
      server.close();
      server.closeAllConnections();
    },
  });
  const { port } = server.address() as AddressInfo;
  return async (credential, body) => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    const held = new Promise<Omit<Held, "socket">>((resolve) => arrived.push(resolve));
    const head = `POST / HTTP/1.1\r\nhost: a\r\nx-credential: ${credential}\r\ncontent-length: ${Buffer.byteLength(body)}`;
    socket.write(`${head}\r\n\r\n${body}`);
    return { ...(await held), socket };
  };
}

describe("what the gateway holds of requests", () => {
  it("is counted by what they take when they are parsed", async () => {
    const traffic = new Traffic(() => ({ total: 64 * MEBIBYTE, perOwner: 24 * MEBIBYTE }));
    const send = await holding(traffic);
    const held: Held[] = [];
    for (let count = 0; count < 200; count++) held.push(await send("ann", DENSE));
    const taken = held.filter(({ outcome }) => outcome === "body");
    // The first ones, of 4 MiB together, are not looked at.
    const few = (4 * MEBIBYTE) / DENSE.length + (24 * MEBIBYTE) / parsedBytes(Buffer.from(DENSE)) + 1;
    expect(taken.length).toBeLessThan(few);
    expect(new Set(held.map(({ outcome }) => outcome))).toEqual(new Set(["body", "no_room"]));
    expect((await send("bob", DENSE)).outcome).toBe("body");
    expect((await send("ann", "{}")).outcome).toBe("body");
    for (const { socket, done } of held) {
      socket.destroy();
      done();
    }
    await expect.poll(() => traffic.snapshot().bufferedBytes, DEADLINE).toBeLessThan(2 * MEBIBYTE);
  });

  it("stays counted while it is worked on, also when the client has left", async () => {
    const traffic = new Traffic();
    const send = await holding(traffic);
    const { socket, response, done } = await send("ann", DENSE);
    expect(traffic.snapshot().bufferedBytes).toBe(DENSE.length);
    socket.destroy();
    await expect.poll(() => response.closed, DEADLINE).toBe(true);
    expect(traffic.snapshot().bufferedBytes).toBe(DENSE.length);
    done();
    await expect.poll(() => traffic.snapshot().bufferedBytes, DEADLINE).toBe(0);
  });

  it("is given back once, in whichever order the work ends and the client leaves", async () => {
    const traffic = new Traffic();
    const send = await holding(traffic);
    const { socket, response, done } = await send("ann", DENSE);
    done();
    response.end();
    await expect.poll(() => response.closed, DEADLINE).toBe(true);
    socket.destroy();
    await expect.poll(() => traffic.snapshot().bufferedBytes, DEADLINE).toBe(0);
    expect((await send("ann", DENSE)).outcome).toBe("body");
    expect(traffic.snapshot().bufferedBytes).toBe(DENSE.length);
  });
});
