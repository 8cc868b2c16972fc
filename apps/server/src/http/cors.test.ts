import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { RequestHandler } from "./connection.ts";
import { withCors } from "./cors.ts";

const servers: ReturnType<typeof createServer>[] = [];
const answer: RequestHandler = (_request, response) => {
  response.writeHead(200, { "mcp-session-id": "abc", "content-type": "text/plain" }).end("answered");
};

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(origins: readonly string[]): Promise<string> {
  const server = createServer(withCors(origins, answer));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

const CHAT = "https://chat.example";

async function preflight(url: string, origin: string, headers: string): Promise<Headers> {
  const response = await fetch(url, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": headers },
  });
  return response.headers;
}

describe("without origins", () => {
  it("nothing is added, and OPTIONS is nobody's business here", async () => {
    expect(withCors([], answer)).toBe(answer);
    const headers = await preflight(await serve([]), CHAT, "authorization");
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("with an origin", () => {
  it("its pages may read the answer and the headers of MCP, without cookies", async () => {
    const response = await fetch(await serve([`${CHAT}/`]), { headers: { origin: CHAT } });
    expect(await response.text()).toBe("answered");
    expect(response.headers.get("access-control-allow-origin")).toBe(CHAT);
    expect(response.headers.get("access-control-expose-headers")).toMatch(/Mcp-Session-Id.*WWW-Authenticate/);
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
    expect(response.headers.get("vary")).toBe("Origin");
  });

  it("a preflight allows the headers that MCP needs, and no others", async () => {
    const asked =
      "Authorization, x-api-key, content-type, mcp-protocol-version, Mcp-Method, mcp-param-region, cookie, x-forwarded-for, host";
    const headers = await preflight(await serve([CHAT]), CHAT, asked);
    expect(headers.get("access-control-allow-origin")).toBe(CHAT);
    expect(headers.get("access-control-allow-methods")).toContain("DELETE");
    expect(headers.get("access-control-allow-headers")).toBe(
      "authorization, x-api-key, content-type, mcp-protocol-version, mcp-method, mcp-param-region",
    );
  });

  it.each([
    "https://chat.example.evil.example",
    "https://evilchat.example",
    "http://chat.example",
    "https://chat.example:8443",
    "null",
    "*",
    "https://CHAT.example",
  ])("the pages of %s may read nothing", async (origin) => {
    const url = await serve([CHAT]);
    for (const headers of [
      await preflight(url, origin, "authorization"),
      (await fetch(url, { headers: { origin } })).headers,
    ]) {
      expect(headers.get("access-control-allow-origin")).toBeNull();
      expect(headers.get("access-control-allow-headers")).toBeNull();
    }
  });
});
