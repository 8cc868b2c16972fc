import { freePort } from "@mcp-hangar/testing";
import {
  Client as ClientV2,
  ClientCredentialsProvider as CredentialsV2,
  StreamableHTTPClientTransport as HttpV2,
} from "@modelcontextprotocol/client";
import { ClientCredentialsProvider as CredentialsV1 } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as HttpV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport as TransportV1 } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AuthorizationServer,
  CLIENT_ID,
  CLIENT_SECRET,
  startAuthorizationServer,
} from "../src/harness/authorization-server.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { MEMORY, nodeServer } from "../src/harness/upstreams.ts";

/** How an official client finds its way: it knows the URL of the gateway and its own secret, and nothing else. */
interface Way {
  /** Lists the tools at the URL. */
  readonly tools: (url: string, issuer: string) => Promise<readonly string[]>;
}

const INFO = { name: "hangar-e2e", version: "1.0.0" };

const WAYS: readonly (readonly [string, Way])[] = [
  [
    "sdk v1",
    {
      async tools(url) {
        const authProvider = new CredentialsV1({ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET });
        // This generation does not take the scope of the challenge into a request with client credentials.
        const prepare = authProvider.prepareTokenRequest.bind(authProvider);
        authProvider.prepareTokenRequest = () => prepare("mcp");
        const client = new ClientV1(INFO);
        const transport = new HttpV1(new URL(url), { authProvider });
        // The SDK's class and interface disagree about `undefined` under exactOptionalPropertyTypes only.
        await client.connect(transport as TransportV1);
        const { tools } = await client.listTools();
        await client.close();
        return tools.map(({ name }) => name);
      },
    },
  ],
  ...(["legacy", "auto"] as const).map((mode): readonly [string, Way] => [
    `sdk v2 ${mode}`,
    {
      async tools(url, expectedIssuer) {
        const authProvider = new CredentialsV2({ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, expectedIssuer });
        const client = new ClientV2(INFO, { versionNegotiation: { mode } });
        await client.connect(new HttpV2(new URL(url), { authProvider }));
        const { tools } = await client.listTools();
        await client.close();
        return tools.map(({ name }) => name);
      },
    },
  ]),
];

let issuer: AuthorizationServer;
let gateway: HttpGateway;

beforeAll(async () => {
  issuer = await startAuthorizationServer(["readers"]);
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const jwt = {
    issuer: issuer.url,
    audience: [`${base}/mcp`, `${base}/servers/memory/mcp`],
    role_map: { readers: ["reader"] },
    required_scopes: ["mcp"],
  };
  const roles = { reader: { permissions: ["tools:call"], tools: { allow: ["memory/read_*"] } } };
  gateway = await startGateway({ mcp_servers: { memory: nodeServer(MEMORY) }, auth: { jwt, roles } }, {}, port);
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await issuer?.[Symbol.asyncDispose]();
});

describe.each(WAYS)("the official client %s", (_name, { tools }) => {
  test.each([
    ["/mcp", "memory__read_graph"],
    ["/servers/memory/mcp", "read_graph"],
  ])("is led from %s to the issuer, comes back with a token, and sees what its role allows", async (path, tool) => {
    const url = `${gateway.url}${path}`;
    const seen = await tools(url, issuer.url);
    expect(seen.filter((name) => !name.startsWith("hangar_"))).toEqual([tool]);
    const last = issuer.asked.at(-1);
    expect(last?.get("grant_type")).toBe("client_credentials");
    // The token is for this resource and no other, with the scope that the gateway asks for.
    expect(last?.get("resource")).toBe(url);
    expect(last?.get("scope")).toBe("mcp");
  });
});
