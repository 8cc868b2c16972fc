import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rawConnection } from "../../src/harness/raw-http.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../../src/harness/secured-gateway.ts";

let secured: SecuredGateway;
let metricsUrl: string;

beforeAll(async () => {
  secured = await startSecuredGateway({
    mcp_servers: {},
    http: { host: "0.0.0.0", allowed_hosts: ["hangar.example"], public_url: "https://mcp.example" },
    observability: { metrics: { host: "0.0.0.0", port: 0 } },
  });
  metricsUrl = String(secured.gateway.events("metrics_listening")[0]?.url);
});

afterAll(() => secured?.[Symbol.asyncDispose]());

/** The status of a GET with these lines in its head, and what it says. */
async function get(url: string, path: string, ...lines: readonly string[]): Promise<string> {
  using connection = await rawConnection(url);
  connection.write(`GET ${path} HTTP/1.1\r\n${[...lines, "connection: close"].join("\r\n")}\r\n\r\n`);
  const { status, body } = await connection.response();
  return `${status} ${body}`;
}

const key = (): string => `authorization: ${bearer(secured.admin).authorization}`;
const machine = Object.values(networkInterfaces())
  .flat()
  .filter((address) => address?.family === "IPv4")
  .map((address) => address?.address ?? "");

describe("a gateway that listens on all addresses", () => {
  const PLACES = [
    ["the list of servers", () => secured.gateway.url, "/api/mcp_servers"],
    ["the stream of events", () => secured.gateway.url, "/api/events"],
    ["MCP", () => secured.gateway.url, "/mcp"],
    ["a probe", () => secured.gateway.url, "/health/live"],
    ["the metrics", () => metricsUrl, "/metrics"],
    ["a probe beside the metrics", () => metricsUrl, "/health/ready"],
  ] as const;

  test.each(PLACES)(
    "answers no page of a foreign name that asks for %s, though it is a GET",
    async (_what, url, path) => {
      for (const host of [
        "evil.example",
        "evil.example:8000",
        `${machine[0]}.nip.io`,
        "192.0.2.77",
        "host.docker.internal",
      ]) {
        const answer = await get(url(), path, `host: ${host}`, key());
        expect(answer, host).toMatch(/^403 .*http\.allowed_hosts/);
      }
      expect(await get(url(), path, "host: localhost", "host: evil.example", key())).toMatch(/^400 .*Host/);
    },
  );

  test("answers those who ask for an address of the machine, as probes do, and for the names that it has", async () => {
    for (const host of [...machine, "localhost", "127.0.0.1:8000", "[::1]", "hangar.example:8443", "mcp.example"]) {
      expect(await get(secured.gateway.url, "/health/live", `host: ${host}`), host).toMatch(/^200/);
      expect(await get(metricsUrl, "/metrics", `host: ${host}`, key()), host).toMatch(/^200/);
    }
  });

  test("takes one credential a request, and not the first of two", async () => {
    const answer = await get(secured.gateway.url, "/api/system", "host: localhost", key(), "authorization: Bearer x");
    expect(answer).toMatch(/^400 .*Authorization/);
  });
});

test("one caller has ten streams of events at most, and leaves the others to others", async () => {
  const [greedy, other] = [await secured.keyFor("greedy", "viewer"), await secured.keyFor("other", "viewer")];
  const left = new AbortController();
  const follow = (token: string): Promise<Response> =>
    fetch(`${secured.gateway.url}/api/events`, { headers: bearer(token), signal: left.signal });
  // Kept, because the body of a response that nobody holds any more is closed when it is collected.
  const opened: Response[] = [];
  for (let stream = 0; stream < 12; stream++) opened.push(await follow(greedy));
  expect(opened.map(({ status }) => status)).toEqual([...Array<number>(10).fill(200), 429, 429]);
  expect((await follow(other)).status).toBe(200);
  left.abort();
});
