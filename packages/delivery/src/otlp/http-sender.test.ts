import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { HttpSender } from "./http-sender.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function senderTo(answer: RequestListener): Promise<HttpSender> {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push({ close: () => server.close().closeAllConnections() });
  // It listens on a port.
  const { port } = server.address() as AddressInfo;
  const sender = new HttpSender({
    destination: {
      signal: "logs",
      protocol: "http/protobuf",
      url: new URL(`http://127.0.0.1:${port}/v1/logs`),
      headers: {},
      timeoutMs: 60_000,
      compression: "none",
      certificate: undefined,
      clientCertificate: undefined,
      clientKey: undefined,
    },
    tls: { ca: undefined, cert: undefined, key: undefined },
    clock: new FakeClock(),
  });
  open.push(sender);
  return sender;
}

it.each([200, 400, 503])(
  "an answer %i that never ends is cut off, and leaves the connection to the next",
  async (status) => {
    let requests = 0;
    const sender = await senderTo((request, response) => {
      request.resume();
      requests += 1;
      response.writeHead(requests === 1 ? status : 200);
      if (requests > 1) return void response.end();
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on("drain", more);
      more();
    });
    const { signal } = new AbortController();
    const kinds = { 200: "delivered", 400: "rejected", 503: "retry" };
    expect(await sender.send(new Uint8Array(10), signal)).toMatchObject({ kind: kinds[status as keyof typeof kinds] });
    expect(await sender.send(new Uint8Array(10), signal)).toEqual({ kind: "delivered" });
    expect(requests).toBe(2);
  },
);
