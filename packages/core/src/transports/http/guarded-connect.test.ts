import type { LookupAddress } from "node:dns";
import { describe, expect, it } from "vitest";
import { rig } from "../../../test/http/open-session.ts";
import { type Handler, modern, rawServer, result } from "../../../test/http/raw-server.ts";
import { AddressGuard } from "./address-guard.ts";
import { AddressRefusedError, guardedConnector, type Resolve } from "./guarded-connect.ts";

/** Connects to a server at 127.0.0.1 by a name that resolves to `addresses`, and says what came of it. */
async function connectTo(addresses: readonly string[], allow: readonly string[]): Promise<string> {
  const server = await rawServer(modern(empty));
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  const resolve: Resolve = (_hostname, _options, callback) => callback(null, found);
  const connect = guardedConnector(new AddressGuard(allow), { tls: undefined, timeoutMs: 5_000, resolve });
  return new Promise((settle) => {
    const { port } = new URL(server.url);
    connect({ hostname: "server.example", protocol: "http:", port }, (error, socket) => {
      settle(error === null ? "connected" : error.message);
      socket?.destroy();
    });
  });
}

const empty: Handler = (received, response) => result(received, response, {});

describe("a guarded connection to a name", () => {
  it("is made when the guard has nothing against its addresses", async () => {
    expect(await connectTo(["127.0.0.1"], ["127.0.0.0/8"])).toBe("connected");
  });

  it("is refused when one of its addresses is not public, and others are", async () => {
    expect(await connectTo(["93.184.216.34", "127.0.0.1"], [])).toContain(
      "server.example resolves to 127.0.0.1, a loopback address",
    );
    expect(await connectTo(["127.0.0.1", "10.0.0.1"], ["127.0.0.1"])).toContain("10.0.0.1, a private address");
  });

  it("is refused when an IPv6 address stands for an IPv4 address that is not public", async () => {
    expect(await connectTo(["::ffff:127.0.0.1"], [])).toContain("a loopback address");
  });

  it("fails when the name has no address", async () => {
    expect(await connectTo([], [])).toBe("server.example has no address");
  });
});

describe("a server with an address guard", () => {
  const hosts = ["127.0.0.1", "localhost", "0.0.0.0", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]"];

  it.each([...hosts, "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::]"])(
    "is not connected to at %s, and says why and what to do",
    async (host) => {
      const server = await rawServer(modern(empty));
      const url = new URL(server.url);
      const { open } = rig(`http://${host}:${url.port}/mcp`, { address_guard: { allow: [] } });
      await expect(open()).rejects.toMatchObject({
        code: "address_refused",
        message: expect.stringMatching(
          / an? (loopback|unspecified) address, .* allow it in address_guard\.allow .* allow_addresses .* management\.runtime_addresses/,
        ),
      });
      expect(server.received).toEqual([]);
    },
  );

  it("is connected to at an address that is allowed", async () => {
    const server = await rawServer(modern(empty));
    const { open } = rig(server.url, { address_guard: { allow: ["127.0.0.1"] } });
    expect((await open()).peer.era).toBe("modern");
  });

  it("is not followed to another address", async () => {
    const secret = await rawServer(modern(empty));
    const server = await rawServer((_request, response) => {
      response.writeHead(307, { location: secret.url }).end();
    });
    const { open } = rig(server.url, { address_guard: { allow: ["127.0.0.1"] } });
    await expect(open()).rejects.toMatchObject({ code: "redirected" });
    expect(secret.received).toEqual([]);
  });

  it("is an ordinary error, with a code for programs", () => {
    expect(new AddressRefusedError("127.0.0.1 is", "a loopback address")).toMatchObject({ code: "ADDRESS_REFUSED" });
  });
});
