import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HangarProcess, killProcesses, makeCertificate, poll, runHangar, startHangar } from "@mcp-hangar/testing";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { ForwardProxy, type ForwardProxyOptions } from "@mcp-hangar/testing/proxy";
import { afterAll, afterEach, describe, expect, it, onTestFinished } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "hangar-egress-"));
const PASSWORD = "s3cret-of-the-proxy";

afterEach(killProcesses);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configured(sections: object): string {
  const file = join(folder, "config.yaml");
  writeFileSync(file, JSON.stringify(sections));
  return file;
}

async function proxy(options: ForwardProxyOptions = { credentials: `hangar:${PASSWORD}` }): Promise<ForwardProxy> {
  const started = await ForwardProxy.start(options);
  onTestFinished(() => started.stop());
  return started;
}

interface Far {
  /** Host and port, by a name that only the proxy knows. */
  readonly host: string;
  readonly asked: readonly string[];
}

/** Whatever is asked for over HTTP: a legacy server of MCP with one tool, and anything else is taken with a word of JSON. */
async function far(tls?: ServerOptions): Promise<Far> {
  const asked: string[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(`${request.method} ${request.url}`);
    const message = parsed(await textOf(request));
    const { id, method } = message;
    if (request.url === "/mcp" && request.method !== "POST") return void response.writeHead(405).end();
    if (request.url === "/mcp" && id === undefined) return void response.writeHead(202).end();
    response.writeHead(200, { "content-type": "application/json" });
    if (request.url !== "/mcp") return void response.end("{}");
    const result = RESULTS[String(method)];
    const error = { code: -32601, message: "method not found" };
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...(result === undefined ? { error } : { result }) }));
  };
  const listener: RequestListener = (request, response) => void take(request, response);
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: `far.test:${(server.address() as AddressInfo).port}`, asked };
}

const RESULTS: Readonly<Record<string, unknown>> = {
  initialize: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "far", version: "1" } },
  "tools/list": { tools: [{ name: "hello", inputSchema: { type: "object" } }] },
  "tools/call": { content: [{ type: "text", text: "from far away" }] },
};

function parsed(text: string): { readonly id?: unknown; readonly method?: unknown } {
  try {
    return JSON.parse(text) as { id?: unknown; method?: unknown };
  } catch {
    return {};
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function serve(
  sections: object,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly hangar: HangarProcess; readonly url: string }> {
  const hangar = await startHangar(["serve", "--http", "--port", "0", "--config", configured(sections)], env);
  const { url } = await hangar.event("http_listening");
  return { hangar, url: String(url).replace(/\/mcp$/, "") };
}

const remote = (host: string): object => ({
  mcp_servers: { far: { mode: "remote", endpoint: `http://${host}/mcp`, call_timeout_s: 60 } },
});

describe.each<[string, (url: string) => { sections: object; env: Record<string, string> }]>([
  ["egress.proxy", (url) => ({ sections: { egress: { proxy: { url } } }, env: {} })],
  ["HTTP_PROXY", (url) => ({ sections: {}, env: { HTTP_PROXY: url } })],
  ["http_proxy", (url) => ({ sections: {}, env: { http_proxy: url, HTTP_PROXY: "http://127.0.0.1:9" } })],
])("%s", (name, ways) => {
  it("is the way to remote servers, is told, and its password is told nowhere", async () => {
    const [server, way] = [await far(), await proxy()];
    const { sections, env } = ways(way.url());
    const { hangar, url } = await serve({ ...remote(server.host), ...sections }, env);
    const called = await runHangar(["call", "far", "hello", "--url", url]);
    expect(called.stdout).toContain("from far away");
    expect(way.requests.map(({ target }) => target)).toContain(server.host);
    const where = `127.0.0.1:${way.port}`;
    const from = name === "egress.proxy" ? "egress.proxy.url" : name;
    expect(await hangar.event("egress_through_proxy")).toMatchObject({ proxy: where, from });
    const shown = await (await fetch(`${url}/api/mcp_servers/far`)).text();
    expect(JSON.parse(shown)).toMatchObject({ proxy: where });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('mcp_hangar_http_through_proxy{mcp_server="far"} 1');
    const config = await (await fetch(`${url}/api/config`)).text();
    const token = Buffer.from(`hangar:${PASSWORD}`).toString("base64");
    for (const text of [hangar.stderr(), shown, metrics, config]) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(token);
    }
  });

  it("that wants another password is what the start of a server fails with", async () => {
    const [server, way] = [await far(), await proxy()];
    const { sections, env } = ways(way.url("hangar:another-password"));
    const called = await runHangar(
      ["call", "far", "hello", "--config", configured({ ...remote(server.host), ...sections })],
      env,
    );
    expect(called.code).not.toBe(0);
    expect(server.asked).toEqual([]);
    expect(`${called.stdout}${called.stderr}`).not.toContain("another-password");
  });
});

it("is the way of everything that goes out over HTTP", async () => {
  const [server, way, collector] = [await far(), await proxy(), await OtlpReceiver.start()];
  onTestFinished(() => collector.close());
  const place = `http://${server.host}`;
  const { url } = await serve({
    ...remote(server.host),
    egress: { proxy: { url: way.url() } },
    observability: {
      tracing: { endpoint: `http://collector.test:${collector.grpcPort}`, protocol: "grpc" },
      otlp_logs: { enabled: true, endpoint: `http://collector.test:${collector.httpPort}`, protocol: "http/protobuf" },
      langfuse: { enabled: true, public_key: "pk-lf-1", secret_key: "sk-lf-1", host: place },
    },
    compliance: { sinks: [{ name: "hook", type: "webhook", url: `${place}/hook` }] },
  });
  expect((await runHangar(["call", "far", "hello", "--url", url])).stdout).toContain("from far away");
  const has = (path: string) => () => server.asked.some((line) => line.includes(path));
  await poll("observations", has("/api/public/otel"));
  await poll("audit records", has("/hook"));
  await poll("spans over gRPC", () => collector.exports.some(({ signal }) => signal === "traces"));
  await poll("log lines over HTTP", () => collector.exports.some(({ signal }) => signal === "logs"));
  const targets = new Set(way.requests.map(({ target }) => target));
  expect(targets).toEqual(
    new Set([server.host, `collector.test:${collector.grpcPort}`, `collector.test:${collector.httpPort}`]),
  );
});

describe.each<[string, (ca: string) => { egress: object; env: Record<string, string> }]>([
  ["egress.ca_file", (ca) => ({ egress: { ca_file: ca }, env: {} })],
  ["SSL_CERT_FILE", (ca) => ({ egress: {}, env: { SSL_CERT_FILE: ca } })],
  ["NODE_EXTRA_CA_CERTS", (ca) => ({ egress: {}, env: { NODE_EXTRA_CA_CERTS: ca } })],
  ["none", () => ({ egress: {}, env: {} })],
])("with the authorities of %s", (name, trusting) => {
  it(`the keys of an issuer ${name === "none" ? "are not" : "are"} fetched through the proxy`, {
    tags: ["openssl"],
  }, async () => {
    makeCertificate(folder, "ca", { extension: "keyUsage=keyCertSign" });
    makeCertificate(folder, "login", { extension: "subjectAltName=DNS:far.test", authority: "ca" });
    const pem = (file: string): Buffer => readFileSync(join(folder, file));
    const [server, way] = [await far({ key: pem("login.key"), cert: pem("login.pem") }), await proxy()];
    const jwt = { issuer: "https://login.test", audience: ["x"], jwks_uri: `https://${server.host}/keys` };
    const { egress, env } = trusting(join(folder, "ca.pem"));
    const sections = { egress: { proxy: { url: way.url() }, ...egress }, auth: { jwt } };
    const { url } = await serve(sections, env);
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iss: jwt.issuer, aud: "x", sub: "me", exp: 4_102_444_800 };
    const head = { alg: "ES256", kid: "1", typ: "JWT" };
    const token = `${part(head)}.${part(claims)}.${Buffer.alloc(64).toString("base64url")}`;
    // Answered when the keys are there, or cannot be had.
    await fetch(`${url}/api/mcp_servers`, { headers: { authorization: `Bearer ${token}` } });
    expect(server.asked).toEqual(name === "none" ? [] : ["GET /keys"]);
    expect(way.requests.at(-1)).toMatchObject({ target: server.host, isTunnel: true });
  });
});

describe("config check", () => {
  const pem = join(folder, "nothing.pem");
  writeFileSync(pem, "no certificate");

  it.each<[string, object, Record<string, string>, RegExp]>([
    [
      "a proxy of another kind",
      { proxy: { url: "socks5://u:hunter22@a" } },
      {},
      /egress\.proxy\.url: .*socks5, which is not supported/,
    ],
    ["what is no proxy", { proxy: { url: "http://" } }, {}, /egress\.proxy\.url: is no URL of a proxy/],
    ["a path behind a proxy", { proxy: { url: "http://a/pac" } }, {}, /egress\.proxy\.url: has something behind/],
    [
      "an exception that means nothing",
      { proxy: { url: "http://a", no_proxy: ["ok.example", "http://b"] } },
      {},
      /egress\.proxy\.no_proxy.?\[?1\]?: is no host/,
    ],
    ["a key that there is not", { proxy: { uri: "http://a" } }, {}, /uri/],
    ["authorities that are missing", { ca_file: join(folder, "missing.pem") }, {}, /egress\.ca_file: .*ENOENT/],
    ["a bundle without authorities", { ca_file: pem }, {}, /egress\.ca_file: .*has no certificate in PEM/],
    [
      "a variable",
      {},
      { HTTPS_PROXY: "socks5://u:hunter22@a" },
      /the variable HTTPS_PROXY names a proxy of the kind socks5/,
    ],
    ["a variable in small letters", {}, { http_proxy: "http://:99999" }, /the variable http_proxy is no URL/],
    ["exceptions in a variable", {}, { HTTP_PROXY: "a", no_proxy: "a/b" }, /the variable no_proxy: "a\/b" is no host/],
    ["SSL_CERT_FILE", {}, { SSL_CERT_FILE: pem }, /the variable SSL_CERT_FILE names .*has no certificate/],
  ])("finds %s, and says where it stands without its secrets", async (_what, egress, env, words) => {
    const checked = await runHangar(["config", "check", "--config", configured({ egress })], env);
    expect(checked.code).toBe(1);
    expect(checked.stderr).toMatch(words);
    expect(checked.stderr).not.toContain("hunter22");
  });

  it("is content with proxies that can be used, and with variables that are not read", async () => {
    const egress = { proxy: { url: "http://u:p%40ss@proxy.example:3128", no_proxy: ["*.corp", "10.0.0.0/8"] } };
    expect(await runHangar(["config", "check", "--config", configured({ egress })])).toMatchObject({ code: 0 });
    const unread = { from_environment: false };
    const file = configured({ egress: unread });
    expect(await runHangar(["config", "check", "--config", file], { HTTPS_PROXY: "socks5://a" })).toMatchObject({
      code: 0,
    });
  });
});
