import { canary } from "./canaries.ts";
import type { ObservedGateway } from "./observed-gateway.ts";
import { rest } from "./rest.ts";
import { bearer } from "./secured-gateway.ts";
import { legacySteps, modernSteps } from "./walk/mcp-steps.ts";
import { restSteps } from "./walk/rest-steps.ts";
import { SERVER } from "./walk/step.ts";
import { modernRequest, openLegacySession, post } from "./wire-client.ts";

type Headers = Readonly<Record<string, string>>;
type Params = Readonly<Record<string, unknown>>;
type Ask = (method: string, params: Params) => Promise<unknown>;

/** Header fields of every request, which are nobody's business but the gateway's. */
const INBOUND: Headers = {
  "x-note": canary("inbound-header"),
  cookie: `session=${canary("inbound-cookie")}`,
  baggage: `user=${canary("baggage")}`,
};

const ARGUMENTS = {
  note: canary("arguments"),
  [canary("argument-names")]: 1,
  nested: [{ deep: canary("nested-arguments") }],
  password: canary("password-argument"),
  // A secret of the configuration that a caller knows, too.
  again: canary("repeated"),
};
const META = { note: canary("call-meta"), baggage: `user=${canary("baggage")}`, user_id: "ada" };

/** The servers that tell canaries. */
const TELLING = ["pipe", "web", "basic"] as const;

/**
 * Does everything that callers can do, with canaries wherever text may stand. Gives the answers as text: they hold what servers answer, and
 * nothing that was configured.
 */
export async function plantCanaries(observed: ObservedGateway): Promise<string> {
  const { secured, token, limited } = observed;
  const { gateway, admin } = secured;
  const answers: unknown[] = [];
  for (const credentials of [bearer(admin), bearer(token)]) {
    const headers = { ...INBOUND, ...credentials };
    const used = TELLING.map(async (server) => {
      const session = await openLegacySession(gateway.mcpUrl(server), {}, headers);
      return [
        await useEndpoint(server, "", ask(gateway.mcpUrl(server), headers)),
        await useEndpoint(server, "", (method, params) => session.request(method, params)),
        await useEndpoint(server, `${server}__`, ask(gateway.mcpUrl(), headers)),
        await callOverRest(observed, server, headers),
      ];
    });
    answers.push(await Promise.all(used), await batches(observed, headers), await manage(observed, headers));
  }
  answers.push(await asStrangers(observed), await deniedCalls(observed, { ...INBOUND, ...bearer(limited) }));
  answers.push(await leftAlone(gateway.mcpUrl("pipe"), { ...INBOUND, ...bearer(admin) }));
  return textsOf(answers);
}

/** Takes every step of the management and of MCP, and gives what the gateway answers of itself. */
export async function manageEverything({ secured }: ObservedGateway): Promise<Readonly<Record<string, string>>> {
  const { gateway, admin } = secured;
  const headers = { ...INBOUND, ...bearer(admin) };
  const answers: unknown[] = [];
  const steps = [...modernSteps(gateway), ...legacySteps(gateway, SERVER), ...restSteps(gateway)];
  for (const step of steps) answers.push(await step.act(headers));
  for (const server of TELLING) {
    for (const page of ["", "/tools", "/metrics", "/history?limit=500", "/logs?limit=500"]) {
      answers.push(await rest(gateway, "GET", `/api/mcp_servers/${server}${page}`, { headers }));
    }
  }
  for (const path of ["/api/history?limit=500", "/health/ready", "/health/live"]) {
    answers.push(await rest(gateway, "GET", path, { headers }));
  }
  const page = (accept: string) => rest(gateway, "GET", "/metrics", { headers: { ...headers, accept } });
  const metrics = [await page("text/plain"), await page("application/openmetrics-text; version=1.0.0")];
  return { management: textsOf(answers), metrics: textsOf(metrics) };
}

/** Every answer as text, with header fields. */
function textsOf(answers: readonly unknown[]): string {
  return JSON.stringify(answers, (_key, value: unknown) => (value instanceof Headers ? [...value] : value));
}

function ask(url: string, headers: Headers): Ask {
  return (method, params) => modernRequest(url, method, params, { headers });
}

/** Every kind of request to one server, at an endpoint where its names have that prefix, and the ends that a call can have. */
async function useEndpoint(server: string, prefix: string, request: Ask): Promise<unknown> {
  const uri = (path: string): string => (prefix === "" ? `telling://${path}` : `hangar://${server}/telling://${path}`);
  const prompt = (name: string): Params => ({
    name: `${prefix}${name}`,
    arguments: { who: canary("prompt-arguments") },
  });
  const calls = ["ok", "echo", "is_error", "rpc_error", "secret_error", "garbage", "no_such_tool"];
  const answers: unknown[] = [];
  for (const name of calls) {
    answers.push(await request("tools/call", { name: `${prefix}${name}`, arguments: ARGUMENTS, _meta: META }));
  }
  // Arguments that are none, and requests that do not hold what they need.
  answers.push(await request("tools/call", { name: `${prefix}ok`, arguments: canary("arguments") }));
  answers.push(await request("prompts/get", { name: `${prefix}greet`, arguments: [canary("prompt-arguments")] }));
  for (const name of ["greet", "refuse"]) answers.push(await request("prompts/get", { ...prompt(name), _meta: META }));
  for (const path of ["page", "refuse"]) answers.push(await request("resources/read", { uri: uri(path), _meta: META }));
  const argument = { name: "who", value: canary("completed") };
  answers.push(await request("completion/complete", { ref: { type: "ref/prompt", name: `${prefix}greet` }, argument }));
  for (const method of ["tools/list", "prompts/list", "resources/list", "resources/templates/list", "no/such/method"]) {
    answers.push(await request(method, { _meta: META, note: canary("request-params") }));
  }
  if (server !== "basic") answers.push(await request("tools/call", { name: `${prefix}silence`, arguments: ARGUMENTS }));
  return answers;
}

async function callOverRest({ secured }: ObservedGateway, server: string, headers: Headers): Promise<unknown> {
  const answers: unknown[] = [];
  for (const tool of ["ok", "is_error", "rpc_error"]) {
    const path = `/api/mcp_servers/${server}/tools/${tool}/call`;
    answers.push(await rest(secured.gateway, "POST", path, { headers, body: { arguments: ARGUMENTS } }));
  }
  return answers;
}

async function batches({ secured: { gateway } }: ObservedGateway, headers: Headers): Promise<unknown> {
  const tools = ["ok", "is_error", "rpc_error", "no_such_tool"];
  const calls = TELLING.flatMap((server) => tools.map((tool) => ({ server, tool, arguments: ARGUMENTS, _meta: META })));
  return [
    await ask(gateway.mcpUrl(), headers)("tools/call", { name: "hangar_call", arguments: { calls, max_attempts: 2 } }),
    await rest(gateway, "POST", "/api/batch", { headers, body: { calls } }),
    await ask(gateway.mcpUrl(), headers)("tools/call", {
      name: "hangar_call",
      arguments: { calls: canary("arguments") },
    }),
  ];
}

/** Operations whose input holds secrets. */
async function manage({ secured: { gateway } }: ObservedGateway, headers: Headers): Promise<unknown> {
  const options = {
    mode: "remote",
    endpoint: `http://127.0.0.1:9/mcp?api_key=${canary("registered-query")}`,
    headers: { "x-key": canary("registered-header") },
    auth: { type: "bearer", token: canary("registered-bearer") },
  };
  const body = { server: "extra", options };
  const refused = {
    server: "extra-two",
    options: { ...options, endpoint: `http://me:${canary("userinfo")}@127.0.0.1:9/mcp` },
  };
  return [
    await rest(gateway, "POST", "/api/mcp_servers", { headers, body }),
    await rest(gateway, "POST", "/api/mcp_servers", { headers, body: refused }),
    await rest(gateway, "POST", "/api/mcp_servers/extra/start", { headers, body: {} }),
    await ask(gateway.mcpUrl(), headers)("tools/call", { name: "extra__x", arguments: ARGUMENTS }),
    await rest(gateway, "GET", "/api/mcp_servers/extra", { headers }),
    await rest(gateway, "GET", "/api/config", { headers }),
    await rest(gateway, "DELETE", "/api/mcp_servers/extra", { headers }),
  ];
}

/** Requests with credentials that are none, unreadable bodies, and secrets in the query. Their answers are theirs. */
async function asStrangers({ secured: { gateway, admin } }: ObservedGateway): Promise<unknown> {
  const strangers: readonly Headers[] = [
    { authorization: `Bearer ${canary("bad-bearer")}` },
    { authorization: `Basic ${Buffer.from(`me:${canary("bad-password")}`).toString("base64")}` },
    { "x-api-key": canary("bad-key") },
    { "x-api-key": `${admin}x` },
    { "x-api-key": `mcph_${canary("bad-key")}` },
  ];
  for (const headers of strangers) {
    await post(
      gateway.mcpUrl(),
      { jsonrpc: "2.0", id: 1, method: "tools/list" },
      { headers: { ...INBOUND, ...headers } },
    );
    await rest(gateway, "GET", "/api/system", { headers });
  }
  const headers = { ...INBOUND, ...bearer(admin) };
  const query = `token=${canary("inbound-query")}`;
  await post(gateway.mcpUrl(), `{"note": "${canary("unreadable")}`, { headers });
  await ask(`${gateway.mcpUrl("web")}?${query}`, headers)("tools/call", { name: "ok", arguments: ARGUMENTS });
  await rest(gateway, "GET", `/api/history?${query}`, { headers });
  await rest(gateway, "GET", `/nowhere?${query}`, { headers });
  await rest(gateway, "POST", "/api/warm", { headers, body: `{"note": "${canary("unreadable")}` });
  return [];
}

/** Calls of tools that do not exist for the caller. */
async function deniedCalls({ secured: { gateway } }: ObservedGateway, headers: Headers): Promise<unknown> {
  const calls = [{ server: "pipe", tool: "ok", arguments: ARGUMENTS }];
  return [
    await ask(gateway.mcpUrl(), headers)("tools/call", { name: "pipe__ok", arguments: ARGUMENTS, _meta: META }),
    await ask(gateway.mcpUrl("web"), headers)("tools/call", { name: "ok", arguments: ARGUMENTS }),
    await ask(gateway.mcpUrl(), headers)("tools/call", { name: "hangar_call", arguments: { calls } }),
    await rest(gateway, "POST", "/api/mcp_servers", { headers, body: { server: canary("arguments"), options: {} } }),
  ];
}

/** A call whose caller goes before it is answered. */
async function leftAlone(url: string, headers: Headers): Promise<unknown> {
  const signal = AbortSignal.timeout(200);
  const params = { name: "silence", arguments: ARGUMENTS };
  await modernRequest(url, "tools/call", params, { headers, signal }).catch(() => {});
  return [];
}
