/** @module-tag openssl */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { makeCertificate } from "@mcp-hangar/testing";
import { ForwardProxy, type ForwardProxyOptions } from "@mcp-hangar/testing/proxy";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { egress } from "../src/egress.ts";
import { tunnelAgentFor } from "../src/http/agents.ts";
import { HttpOrigin } from "../src/http/http-origin.ts";
import { parseProxy } from "../src/proxy.ts";
import { EgressRules } from "../src/rules.ts";

let folder = "";
const pem = (name: string): Buffer => readFileSync(join(folder, name));
const tls = (): { cert: Buffer; key: Buffer } => ({ cert: pem("origin.pem"), key: pem("origin.key") });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-egress-"));
  makeCertificate(folder, "ca", { extension: "keyUsage=keyCertSign" });
  makeCertificate(folder, "origin", { extension: "subjectAltName=DNS:origin.test,IP:127.0.0.1", authority: "ca" });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What an origin was asked, and how. */
interface Asked {
  readonly path: string | undefined;
  readonly host: string | undefined;
  readonly proxyAuthorization: string | undefined;
  readonly body: string;
}

interface Origin {
  /** By the name that only the proxy knows. */
  readonly url: URL;
  readonly asked: readonly Asked[];
}

async function listening(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function origin(scheme: string): Promise<Origin> {
  const asked: Asked[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request);
    const { host, "proxy-authorization": proxyAuthorization } = request.headers;
    asked.push({ path: request.url, host, proxyAuthorization, body });
    response.end("hello");
  };
  const listener: RequestListener = (request, response) => void take(request, response);
  const port = await listening(scheme === "https" ? createTlsServer(tls(), listener) : createServer(listener));
  return { url: new URL(`${scheme}://origin.test:${port}/some/path?x=1`), asked };
}

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** What the configuration does with `egress.ca_file`. */
function trust(ca: Buffer): void {
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, ca.toString()]);
  onTestFinished(() => setDefaultCACertificates(before));
}

/** Puts a proxy in the way of everything, until the test ends. */
function through(url: string): void {
  const parsed = parseProxy(url, "egress.proxy.url");
  if (!("proxy" in parsed)) throw new Error(parsed.problem);
  onTestFinished(egress.use(new EgressRules({ http: parsed.proxy, https: parsed.proxy })));
}

async function proxy(options?: ForwardProxyOptions, credentials?: string): Promise<ForwardProxy> {
  const started = await ForwardProxy.start(options);
  onTestFinished(() => started.stop());
  through(started.url(credentials));
  return started;
}

async function ask(url: URL, body?: string, patienceMs = 60_000): Promise<string> {
  const client = new HttpOrigin(url, { connectionsMax: 1, ...(folder !== "" && { ca: pem("ca.pem") }) });
  onTestFinished(() => client.close());
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const signal = AbortSignal.timeout(patienceMs);
  const answer = await client.send({
    method: body === undefined ? "GET" : "POST",
    url,
    headers: {},
    body: bytes,
    signal,
  });
  return `${answer.statusCode} ${await textOf(answer)}`;
}

describe.each(["http", "https"])("a request over %s", (scheme) => {
  const port = (url: URL): string => `origin.test:${url.port}`;

  it.each<[string, () => ForwardProxyOptions]>([
    ["a proxy", () => ({})],
    ["a proxy that asks for user and password", () => ({ credentials: "us@er:p:ass" })],
    ["a proxy that is spoken to over TLS", () => ({ tls: tls(), credentials: "user:password" })],
  ])("goes through %s", async (what, options) => {
    const { url, asked } = await origin(scheme);
    const way = await proxy(options());
    if (what.endsWith("TLS")) {
      await expect(ask(url)).rejects.toMatchObject({
        code: "PROXY_TLS_FAILED",
        message: expect.stringContaining("egress.ca_file"),
      });
      trust(pem("ca.pem"));
    }
    expect(await ask(url, "a body")).toBe("200 hello");
    expect(asked).toEqual([{ path: "/some/path?x=1", host: port(url), proxyAuthorization: undefined, body: "a body" }]);
    const { credentials } = options();
    expect(way.requests.at(-1)).toEqual({ target: port(url), isTunnel: scheme === "https", credentials });
  });

  it("keeps its connection for the next request", async () => {
    const { url, asked } = await origin(scheme);
    const way = await proxy();
    const client = new HttpOrigin(url, { connectionsMax: 1, ca: pem("ca.pem") });
    onTestFinished(() => client.close());
    const signal = AbortSignal.timeout(60_000);
    for (let times = 0; times < 3; times++) {
      await textOf(await client.send({ method: "GET", url, headers: {}, signal }));
    }
    expect(asked).toHaveLength(3);
    if (scheme === "https") expect(way.requests).toHaveLength(1);
  });

  it("is not sent when the proxy wants other credentials, and the error says what to do and no secret", async () => {
    const { url, asked } = await origin(scheme);
    await proxy({ credentials: "user:right-password" }, "user:wrong-password");
    const error = (await ask(url).catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({
      code: "PROXY_AUTH_REQUIRED",
      message: expect.stringMatching(/does not accept user and password \(407.*egress\.proxy\.url/),
    });
    expect(error.message).not.toContain("-password");
    expect(asked).toEqual([]);
  });

  it("fails with what to check when nothing listens where the proxy should", async () => {
    const { url } = await origin(scheme);
    const way = await proxy();
    await way.stop();
    await expect(ask(url)).rejects.toMatchObject({
      code: "PROXY_UNREACHABLE",
      message: expect.stringMatching(
        /the proxy 127\.0\.0\.1:\d+ \(egress\.proxy\.url\).*ECONNREFUSED.*Check host and port/,
      ),
    });
  });

  it("ends at its deadline when the proxy hangs", async () => {
    const { url } = await origin(scheme);
    const way = await proxy({ refuses: "hang" });
    await expect(ask(url, undefined, 500)).rejects.toMatchObject({ name: expect.stringMatching(/Abort|Timeout/) });
    expect(way.requests).toHaveLength(1);
  });
});

describe("a tunnel", () => {
  it.each([
    [403, "PROXY_REFUSED", /refuses connections to origin\.test:\d+ \(403.*egress\.proxy\.no_proxy/],
    [502, "PROXY_UPSTREAM_FAILED", /could not reach origin\.test:\d+ \(502/],
    [407, "PROXY_AUTH_REQUIRED", /asks for user and password \(407/],
  ])("that is refused with %i is an error that says so", async (status, code, message) => {
    const { url } = await origin("https");
    await proxy({ refuses: status });
    await expect(ask(url)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([
    "SSH-2.0-OpenSSH\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    `HTTP/1.1 200 ${"x".repeat(64_000)}`,
  ])("is not taken from what is no proxy", async (said) => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => socket.end(said));
    });
    through(`http://127.0.0.1:${await listening(server)}`);
    const { url } = await origin("https");
    await expect(ask(url)).rejects.toThrow();
  });

  it("is opened for plain HTTP, too, where requests cannot be written for a proxy", async () => {
    const { url, asked } = await origin("http");
    const way = await proxy({ credentials: "user:password" });
    const agent = tunnelAgentFor(url, {});
    const { request } = await import("node:http");
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request(url, { agent }, resolve).on("error", reject).end();
    });
    expect(await textOf(answer)).toBe("hello");
    expect(way.requests.at(-1)?.isTunnel).toBe(true);
    expect(asked.at(-1)?.path).toBe("/some/path?x=1");
  });
});

it("goes directly to this machine, and to hosts that are exceptions", async () => {
  const { url, asked } = await origin("http");
  const way = await proxy();
  const near = new URL(url.href);
  near.hostname = "127.0.0.1";
  expect(await ask(near)).toBe("200 hello");
  expect(way.requests).toEqual([]);
  expect(asked).toHaveLength(1);
});
