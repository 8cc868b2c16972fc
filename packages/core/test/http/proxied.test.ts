/** @module-tag openssl */
import type { LookupAddress } from "node:dns";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EgressRules, type EgressSettings, egress, parseProxy } from "@mcp-hangar/egress";
import { makeCertificate } from "@mcp-hangar/testing";
import { ForwardProxy, type ForwardProxyOptions } from "@mcp-hangar/testing/proxy";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import { AddressGuard } from "../../src/transports/http/address-guard.ts";
import type { Resolve } from "../../src/transports/http/guarded-connect.ts";
import { tunnelConnector } from "../../src/transports/http/proxied-connect.ts";
import { callTool, type RigOptions, request, resultOf, rig } from "./open-session.ts";
import { event, events, type Handler, legacy, modern, type RawServer, rawServer, result } from "./raw-server.ts";

let folder = "";
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-proxied-"));
  makeCertificate(folder, "ca", { extension: "keyUsage=keyCertSign" });
  makeCertificate(folder, "server", { extension: "subjectAltName=DNS:mcp.test", authority: "ca" });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server that only the proxy can find, because its name is known to nobody else. */
async function hidden(scheme: string, handler: Handler): Promise<RawServer & { readonly hidden: string }> {
  const tls = scheme === "https" ? { tls: { key: pem("server.key"), cert: pem("server.pem") } } : {};
  const server = await rawServer(handler, tls);
  return { ...server, hidden: server.url.replace("127.0.0.1", "mcp.test") };
}

function pem(name: string): Buffer {
  return readFileSync(file(name));
}

async function proxy(
  options: ForwardProxyOptions = {},
  settings: EgressSettings & { readonly credentials?: string } = {},
): Promise<ForwardProxy> {
  const started = await ForwardProxy.start(options);
  onTestFinished(() => started.stop());
  const parsed = parseProxy(started.url(settings.credentials), "egress.proxy.url");
  if (!("proxy" in parsed)) throw new Error(parsed.problem);
  onTestFinished(egress.use(new EgressRules({ ...settings, http: parsed.proxy, https: parsed.proxy })));
  return started;
}

function open(url: string, options: RigOptions = {}): ReturnType<ReturnType<typeof rig>["open"]> {
  return rig(url, { tls: { ca_file: file("ca.pem"), insecure_skip_verify: false }, ...options }).open();
}

/** As {@link open}; an endpoint without TLS has no options of it. */
function optionsFor(scheme: string): RigOptions {
  return scheme === "https" ? {} : { tls: undefined };
}

const answers: Handler = (received, response) => result(received, response, { content: [], ok: received.path });

describe.each(["http", "https"])("a remote server over %s", (scheme) => {
  it.each<[string, ForwardProxyOptions]>([
    ["a proxy", {}],
    ["a proxy that asks for user and password", { credentials: "hangar:p@ss:w/ord" }],
  ])("is reached through %s, in both eras", async (_what, options) => {
    for (const era of [modern, legacy]) {
      const server = await hidden(scheme, era(answers));
      const way = await proxy(options);
      const session = await open(server.hidden, optionsFor(scheme));
      expect(resultOf(await callTool(session, "x"))).toMatchObject({ ok: "/mcp" });
      const { host } = new URL(server.hidden);
      expect(new Set(way.requests.map(({ target, isTunnel }) => `${target} ${isTunnel}`))).toEqual(
        new Set([`${host} ${scheme === "https"}`]),
      );
      // What is for the proxy is for nobody else.
      for (const { headers } of server.received) {
        expect(headers.host).toBe(host);
        expect(headers).not.toHaveProperty("proxy-authorization");
      }
    }
  });

  it("streams, and is followed to another path", async () => {
    const server = await hidden(
      scheme,
      modern((received, response) => {
        if (received.path !== "/moved") return void response.writeHead(307, { location: "/moved" }).end();
        const stream = events(response);
        const params = { progressToken: 1, progress: 1 };
        stream.write(event({ method: "notifications/progress", params }));
        stream.end(event({ id: received.message.id, result: { content: [], done: true } }));
      }),
    );
    await proxy();
    const session = await open(server.hidden, optionsFor(scheme));
    expect(resultOf(await callTool(session, "x"))).toMatchObject({ done: true });
  });

  it("is not asked when the proxy does not accept the credentials, and the error says so and no secret", async () => {
    const server = await hidden(scheme, modern(answers));
    await proxy({ credentials: "hangar:right-one" }, { credentials: "hangar:wrong-one" });
    const error = await open(server.hidden, optionsFor(scheme)).then(
      () => new Error("it was opened"),
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({
      code: "proxy_auth_failed",
      message: expect.stringMatching(
        /the proxy 127\.0\.0\.1:\d+ \(egress\.proxy\.url\) does not accept user and password/,
      ),
    });
    expect(error.message).not.toContain("-one");
    expect(server.received).toEqual([]);
  });

  it("fails in words when the proxy is not there", async () => {
    const server = await hidden(scheme, modern(answers));
    const way = await proxy();
    await way.stop();
    await expect(open(server.hidden, optionsFor(scheme))).rejects.toMatchObject(
      scheme === "https" ? { code: "proxy_failed", message: expect.stringContaining("ECONNREFUSED") } : {},
    );
  });

  it("is reached directly where it is an exception, and on this machine", async () => {
    const server = await hidden(scheme, modern(answers));
    const way = await proxy({}, { noProxy: ["mcp.test"] });
    await expect(open(server.hidden, optionsFor(scheme))).rejects.toMatchObject({ code: "dns_failed" });
    const insecure = { tls: { insecure_skip_verify: true } };
    const session = await open(server.url, scheme === "https" ? insecure : optionsFor(scheme));
    expect(resultOf(await callTool(session, "x"))).toMatchObject({ ok: "/mcp" });
    expect(way.requests).toEqual([]);
  });

  it("on this machine is reached through the proxy where that is wanted", async () => {
    const server = await hidden(scheme, modern(answers));
    const way = await proxy({ refuses: 403 }, { loopback: true });
    await expect(open(server.url, optionsFor(scheme))).rejects.toMatchObject({});
    expect(way.requests.length).toBeGreaterThan(0);
  });
});

describe("a tunnel to a remote server", () => {
  it.each([
    [403, "proxy_refused", /refuses connections to mcp\.test:\d+ \(403/],
    [502, "proxy_failed", /could not reach mcp\.test:\d+ \(502/],
    [407, "proxy_auth_failed", /asks for user and password/],
  ])("that the proxy refuses with %i fails the start with what to do", async (status, code, message) => {
    const server = await hidden("https", modern(answers));
    await proxy({ refuses: status });
    await expect(open(server.hidden)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("that a proxy never opens is given up in time, and leaves nothing open", async () => {
    const server = await hidden("https", modern(answers));
    await proxy({ refuses: "hang" });
    await expect(open(server.hidden, { context: { limits: { connectTimeoutMs: 300 } } })).rejects.toMatchObject({
      code: "proxy_failed",
      message: expect.stringMatching(/did not open a tunnel to mcp\.test:\d+ within 0\.3 s/),
    });
  });

  it("that breaks under a call is told to callers without the proxy's place", async () => {
    const server = await hidden("https", modern(answers));
    const way = await proxy();
    const session = await open(server.hidden);
    await way.stop();
    await server.stop();
    const reply = await request(session, "tools/call", { params: { name: "x", arguments: {} } });
    expect(reply).toMatchObject({ kind: "failed", errorType: "connection" });
    expect("message" in reply && reply.message).not.toContain("127.0.0.1");
  });
});

describe("the address guard", () => {
  const guarded: RigOptions = { address_guard: { allow: [] }, tls: undefined };

  it.each(["10.0.0.1", "169.254.169.254", "[fd00:ec2::254]", "192.168.1.1", "[::ffff:10.0.0.1]"])(
    "refuses %s, and the proxy is never asked for it",
    async (host) => {
      const way = await proxy();
      for (const guardedNames of ["gateway", "proxy"] as const) {
        onTestFinished(egress.use(new EgressRules({ ...settingsOf(), guardedNames })));
        for (const scheme of ["http", "https"]) {
          await expect(open(`${scheme}://${host}/mcp`, guarded)).rejects.toMatchObject({ code: "address_refused" });
        }
      }
      expect(way.requests).toEqual([]);
    },
  );

  it("refuses a name that cannot be examined here, and says what to do", async () => {
    const server = await hidden("http", modern(answers));
    const way = await proxy();
    await expect(open(server.hidden, guarded)).rejects.toMatchObject({
      code: "dns_failed",
      message: expect.stringContaining("egress.guarded_names"),
    });
    expect(way.requests).toEqual([]);
  });

  it("leaves names to the proxy where that is wanted, which opens a tunnel for plain HTTP as well", async () => {
    const server = await hidden("http", modern(answers));
    const way = await proxy({}, { guardedNames: "proxy" });
    const session = await open(server.hidden, guarded);
    expect(resultOf(await callTool(session, "x"))).toMatchObject({ ok: "/mcp" });
    expect(way.requests.every(({ isTunnel }) => isTunnel)).toBe(true);
  });

  it.each<[string, readonly string[], readonly string[], string]>([
    ["is asked for the address that was examined", ["127.0.0.1"], ["127.0.0.0/8"], "connected"],
    [
      "is not asked for a name with an inner address",
      ["93.184.216.34", "10.0.0.1"],
      [],
      "resolves to 10.0.0.1, a private address",
    ],
    ["is not asked for a name without an address", [], [], "has no address"],
  ])("examines names: the proxy %s", async (_what, addresses, allow, outcome) => {
    const server = await rawServer(modern(answers));
    const { port } = new URL(server.url);
    const way = await proxy();
    const found: LookupAddress[] = addresses.map((address) => ({ address, family: 4 }));
    const resolve: Resolve = (_name, _options, callback) => callback(null, found);
    const used = egress.proxyFor(new URL("http://rebound.test"));
    if (used === undefined) throw new Error("no proxy is used");
    const settings = { tls: undefined, timeoutMs: 5_000, resolve, clock: nodePlatform.clock };
    const connect = tunnelConnector(used, { ...settings, guard: new AddressGuard(allow) });
    const came = await new Promise<string>((settle) => {
      connect({ hostname: "rebound.test", protocol: "http:", port }, (error, socket) => {
        settle(error === null ? "connected" : error.message);
        socket?.destroy();
      });
    });
    expect(came).toContain(outcome);
    expect(way.requests.map(({ target }) => target)).toEqual(outcome === "connected" ? [`127.0.0.1:${port}`] : []);
  });
});

function settingsOf(): EgressSettings {
  return { http: egress.rules.proxyOfScheme("http"), https: egress.rules.proxyOfScheme("https") };
}
