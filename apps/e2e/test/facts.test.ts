import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLIENT_ID, CLIENT_SECRET, startAuthorizationServer } from "../src/harness/authorization-server.ts";
import { type EventFollower, followFromStart } from "../src/harness/event-follower.ts";
import { factTable } from "../src/harness/fact-table.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { rest } from "../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { type TemporaryFolder, temporaryFolder } from "../src/harness/temporary-folder.ts";
import { expectCollected, type ToldCollector, toldCollector } from "../src/harness/told-collector.ts";
import { awaitFacts, causedFacts, expectToldOnce } from "../src/harness/told-facts.ts";
import { EVERYTHING, type HttpUpstream, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { allSteps } from "../src/harness/walk/all-steps.ts";
import { CANCELLED_CALLS } from "../src/harness/walk/left-steps.ts";
import { modernSteps } from "../src/harness/walk/mcp-steps.ts";
import { restSteps } from "../src/harness/walk/rest-steps.ts";
import { factsOf, fleetOf, GROUP, HIDDEN, SERVER, type Step, type Walker } from "../src/harness/walk/step.ts";
import { type Witness, witness } from "../src/harness/witness.ts";

const AUDIENCE = "https://hangar.example/mcp";
/** The log is told everything, and no health check or sweep comes between. */
const QUIET = {
  logging: { level: "debug", json_format: true },
  config_reload: { watch: false },
  mcp: { http_sse: true },
};

/** What callers ask for, which has an end. */
const ENDED = ["call.finished", "request.finished", "operation.finished"];

/** A gateway that is watched from the inside and the outside. */
interface Watched {
  readonly gateway: HttpGateway;
  readonly witness: Witness;
  readonly follower: EventFollower;
  readonly collector: ToldCollector;
  /** Facts that callers are known to have caused so far, in their order. */
  readonly expected: string[];
}

let folder: TemporaryFolder;
let fixture: HttpUpstream;
let issuer: Awaited<ReturnType<typeof startAuthorizationServer>>;
/** Roles that tokens say. */
const tokenRoles = ["agents"];

beforeAll(async () => {
  folder = await temporaryFolder();
  fixture = await startFixture("conformance/main.ts");
  issuer = await startAuthorizationServer(tokenRoles);
});

afterAll(async () => {
  await issuer?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** Waits for these facts, and for no others. */
async function causes({ witness: inside, expected }: Watched, ...facts: readonly string[]): Promise<void> {
  const from = expected.length;
  try {
    await awaitFacts(inside, from + facts.length);
    expect(causedFacts(inside).slice(from)).toEqual(facts);
  } finally {
    // What went wrong is told once, and not by every test after it.
    expected.push(...causedFacts(inside).slice(from));
  }
}

/** Takes each step as this walker, and finds what it causes and nothing else. */
async function walk(watched: Watched, walker: Walker, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    await step.act(await walker.headers());
    await causes(watched, ...factsOf(step, walker)).catch((cause: unknown) => {
      throw new Error(`${step.what} as ${walker.name}: ${String(cause)}`, { cause });
    });
  }
}

/** Nothing is told that was not caused, and all of it once in each place. */
async function expectAllTold(watched: Watched, headers?: Readonly<Record<string, string>>): Promise<void> {
  const { gateway, witness: inside, expected } = watched;
  expect(causedFacts(inside)).toEqual(expected);
  // Who has left by then has come from somewhere, too.
  const ended = inside.events().filter(({ type }) => ENDED.includes(type));
  expect(ended.filter(({ record }) => record?.actor.address !== "127.0.0.1")).toEqual([]);
  await expectToldOnce(gateway, watched, headers);
  await expectCollected(watched.collector, inside);
  // To read history and logs for that is told, too.
  const reads = causedFacts(inside).slice(expected.length);
  expect(reads.filter((fact) => !/^operation\.finished list(?:Calls|ServerLogs) /.test(fact))).toEqual([]);
  expected.push(...reads);
}

describe("behind a gateway that asks who callers are", () => {
  let secured: SecuredGateway;
  let watched: Watched;
  let nobody: string;
  let revoked: string;

  beforeAll(async () => {
    const inside = await witness();
    const collector = await toldCollector();
    const roles = {
      nothing: { permissions: [] },
      limited: { permissions: ["tools:call"], tools: { allow: [`${SERVER}/*`], deny: [`${SERVER}/test_image*`] } },
    };
    secured = await startSecuredGateway(
      {
        ...QUIET,
        mcp_servers: fleetOf(fixture.url, nodeServer(EVERYTHING)),
        history: { file: join(folder.path, "history.db") },
        management: { allow_runtime_servers: ["remote"] },
        auth: {
          jwt: { issuer: issuer.url, audience: [AUDIENCE], role_map: { agents: ["limited"], operators: ["admin"] } },
          roles,
          lockout: { max_failures: 1_000 },
        },
      },
      { ...inside.env, ...collector.env },
    );
    const follower = await followFromStart(secured.gateway.url, bearer(secured.admin));
    watched = {
      gateway: secured.gateway,
      witness: inside,
      follower,
      collector,
      expected: ["operation.finished followEvents root"],
    };
    nobody = await secured.keyFor("nobody", "nothing");
    await causes(watched, "operation.finished createKey root");
    revoked = await secured.keyFor("gone", "nothing");
    const [, id = ""] = revoked.split("_");
    await rest(secured.gateway, "DELETE", `/api/keys/${id}`, { headers: bearer(secured.admin) });
    await causes(watched, "operation.finished createKey root", "operation.finished revokeKey root");
  });

  afterAll(async () => {
    await watched?.follower[Symbol.asyncDispose]();
    await secured?.[Symbol.asyncDispose]();
    await watched?.witness[Symbol.asyncDispose]();
    await watched?.collector[Symbol.asyncDispose]();
  });

  const everything = { may: () => true, reaches: () => true };
  const limited = {
    may: (permission: string) => permission === "tools:call",
    reaches: (server: string) => server === SERVER,
  };
  const unknown = { name: "unknown", may: () => false, reaches: () => false };
  const token = async () => bearer(await tokenOfAgent(issuer.url));

  test.each<[who: string, roles: string, walker: () => Walker]>([
    ["an API key with all rights", "", () => ({ ...everything, name: "root", headers: () => bearer(secured.admin) })],
    ["an API key without rights", "", () => ({ ...unknown, name: "nobody", headers: () => bearer(nobody) })],
    ["a token with all rights", "operators", () => ({ ...everything, name: "agent-7", headers: token })],
    ["a token that may use MCP, and one server", "agents", () => ({ ...limited, name: "agent-7", headers: token })],
    ["no credentials", "", () => ({ ...unknown, refusedFor: "no_credentials", headers: () => ({}) })],
    ["a revoked key", "", () => ({ ...unknown, refusedFor: "revoked_api_key", headers: () => bearer(revoked) })],
    ["a token that is none", "", () => ({ ...unknown, refusedFor: "malformed_token", headers: () => bearer("x.y.z") })],
  ])("whatever is done with %s is told once, as theirs", async (_who, role, walker) => {
    tokenRoles.splice(0, 1, role);
    await walk(watched, walker(), allSteps(secured.gateway));
    await expectAllTold(watched, bearer(secured.admin));
  });

  test("what is changed is told with what it was and is, and servers with who brought them", async () => {
    const headers = bearer(secured.admin);
    const done = async (method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> => {
      const answer = await rest(secured.gateway, method, path, { headers, ...(body !== undefined && { body }) });
      expect(answer.status, answer.text).toBe(200);
      return answer.json();
    };
    const extra = { server: "extra", options: { mode: "remote", endpoint: fixture.url } };
    await done("POST", "/api/mcp_servers", extra);
    await done("POST", "/api/mcp_servers/extra/stop");
    await done("DELETE", "/api/mcp_servers/extra");
    await done("PUT", `/api/groups/${GROUP}/members/${SERVER}/rotation`, { in_rotation: false });
    await done("PUT", `/api/groups/${GROUP}/members/${SERVER}/rotation`, { in_rotation: true });
    const { key } = await done("POST", "/api/keys", { name: "robot", roles: ["limited"] });
    const { id } = key as { readonly id: string };
    await done("DELETE", `/api/keys/${id}`);
    const ids = ["registerServer", "stopServer", "unregisterServer", "setGroupRotation", "setGroupRotation"];
    const operations = [...ids, "createKey", "revokeKey"];
    await causes(watched, ...operations.map((operation) => `operation.finished ${operation} root`));
    const records = watched.witness.events().flatMap(({ record }) => record ?? []);
    const changes = records.filter(({ category }) => category === "management").slice(-operations.length);
    const robot = '"robot" with limited';
    expect(changes).toMatchObject([
      { type: "operation.completed", target: { kind: "management", name: "extra" } },
      { type: "operation.completed", target: { name: "extra" } },
      { type: "operation.completed", target: { name: "extra" }, severity: 5 },
      { type: "operation.completed", target: { name: GROUP } },
      { type: "operation.completed", target: { name: GROUP } },
      { type: "key.created", target: { kind: "key", name: id }, change: { after: robot } },
      { type: "key.revoked", target: { kind: "key", name: id }, change: { before: robot } },
    ]);
    const about = records.filter(({ target }) => target.server === "extra");
    expect(about.filter(({ type }) => type === "server.registered")).toMatchObject([{ actor: { id: "root" } }]);
    expect(about.filter(({ type }) => type === "server.removed")).toHaveLength(1);
    await expectAllTold(watched, headers);
  });
});

describe("behind a gateway that asks nobody", () => {
  const anonymous: Walker = { name: "anonymous", headers: () => ({}), may: () => true, reaches: () => true };

  test("whatever anybody does is told once", async () => {
    await using inside = await witness();
    await using collector = await toldCollector();
    await using gateway = await startGateway(
      {
        ...QUIET,
        mcp_servers: fleetOf(fixture.url, nodeServer(EVERYTHING)),
        history: { file: join(folder.path, "open.db") },
        management: { allow_runtime_servers: ["remote"] },
      },
      { ...inside.env, ...collector.env },
    );
    await using follower = await followFromStart(gateway.url);
    const watched = {
      gateway,
      witness: inside,
      follower,
      collector,
      expected: ["operation.finished followEvents anonymous"],
    };
    await walk(watched, anonymous, allSteps(gateway));
    const calls = inside.events().filter(({ type }) => type === "call.finished");
    const cancelled = calls.filter(({ record }) => record?.type === "tool.call.cancelled");
    expect(cancelled).toHaveLength(CANCELLED_CALLS);
    await expectAllTold(watched);
    // Everything that the stream can tell is promised by the table.
    const types = new Set(follower.events.map(({ type }) => type));
    expect([...types].filter((type) => !factTable().has(type) && type !== "events.repeated")).toEqual([]);
    expect(types.size).toBeGreaterThan(10);
  });
});

test("what the rate limit refuses is told once, as the end of what was asked for", async () => {
  const burst = 20;
  await using inside = await witness();
  await using collector = await toldCollector();
  await using secured = await startSecuredGateway(
    {
      ...QUIET,
      mcp_servers: fleetOf(fixture.url, nodeServer(EVERYTHING)),
      history: { file: join(folder.path, "limited.db") },
      management: { allow_runtime_servers: ["remote"] },
      rate_limit: { enabled: true, requests_per_second: 0.001, burst },
    },
    { ...inside.env, ...collector.env },
  );
  const { gateway } = secured;
  await using follower = await followFromStart(gateway.url, bearer(secured.admin));
  const watched = { gateway, witness: inside, follower, collector, expected: ["operation.finished followEvents root"] };
  const key = await secured.keyFor("greedy", "admin");
  await causes(watched, "operation.finished createKey root");
  const greedy: Walker = { name: "greedy", headers: () => bearer(key), may: () => true, reaches: () => true };
  const [look, read] = [restSteps(gateway)[0], modernSteps(gateway).find(({ what }) => what.startsWith("prompts/get"))];
  if (look === undefined || read === undefined) throw new Error("there are no such steps");
  await walk(watched, greedy, Array.from({ length: burst }, () => [look, read]).flat());
  const before = inside.events().length;
  // A reload that is refused is none, and a session with a server that may not be started is none.
  const steps = allSteps(gateway).filter(({ what, server }) => !what.includes("reload") && server !== HIDDEN);
  await walk(watched, greedy, steps);
  const records = inside.events().flatMap(({ record }, index) => (index < before ? [] : (record ?? [])));
  const operations = records.filter(({ category }) => category === "management");
  const unlimited = ["runBatch", "callServerTool"];
  const limited = operations.filter(({ action }) => !unlimited.includes(action));
  expect(new Set(limited.map(({ type }) => type))).toEqual(new Set(["operation.rate_limited"]));
  for (const method of ["resources/read", "prompts/get", "resources/subscribe", "logging/setLevel"]) {
    expect(
      records.filter(({ action }) => action === method).map(({ reason }) => reason),
      method,
    ).toContain("rate_limited");
  }
  await expectAllTold(watched, bearer(secured.admin));
});

async function tokenOfAgent(url: string): Promise<string> {
  const form = { grant_type: "client_credentials", client_id: CLIENT_ID, client_secret: CLIENT_SECRET };
  const body = new URLSearchParams({ ...form, resource: AUDIENCE, scope: "mcp" });
  const answer = await fetch(`${url}/token`, { method: "POST", body });
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}
