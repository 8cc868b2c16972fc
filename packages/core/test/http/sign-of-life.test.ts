import { describe, expect, it, onTestFinished } from "vitest";
import { FAILURES, type FailureCode } from "../../src/errors.ts";
import { Gateway } from "../../src/gateway.ts";
import { circuitBreakerOptions, executionOptions, groupOptions, remoteOptions } from "../../src/options.ts";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import { RecordingBus } from "../../src/testing/index.ts";
import { type Handler, json, legacy, modern, type RawServer, rawServer, result } from "./raw-server.ts";

/** What an HTTP status says, whatever it answers. */
interface Verdict {
  readonly errorType: FailureCode;
  readonly retryable: boolean;
  /** Whether calls that end so open the breaker and take a member out of its group. */
  readonly opens: boolean;
  /** Whether it is a sign of life as the answer to a health check. */
  readonly alive: boolean;
  /** Whether a group asks another member: only where nothing was executed, or the tool is read-only. */
  readonly elsewhere: "never" | "when repeatable" | "always";
}

const REJECTED: Verdict = {
  errorType: "upstream_rejected",
  retryable: false,
  opens: false,
  alive: true,
  elsewhere: "never",
};
const AUTH: Verdict = { ...REJECTED, errorType: "upstream_auth" };
const TROUBLE: Verdict = {
  errorType: "upstream_error",
  retryable: true,
  opens: true,
  alive: false,
  elsewhere: "when repeatable",
};
const BUSY: Verdict = { errorType: "overloaded", retryable: true, opens: false, alive: true, elsewhere: "always" };
const ASTRAY: Verdict = { ...REJECTED, errorType: "protocol" };

const TABLE: readonly (readonly [status: number, verdict: Verdict])[] = [
  ...[301, 302, 307, 308].map((status) => [status, ASTRAY] as const),
  ...[400, 402, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 418, 421, 422, 423, 425, 431, 451, 499].map(
    (status) => [status, REJECTED] as const,
  ),
  ...[401, 403, 407].map((status) => [status, AUTH] as const),
  [408, TROUBLE],
  [429, BUSY],
  ...[500, 501, 502, 503, 504, 507, 520, 529].map((status) => [status, TROUBLE] as const),
];

const TOOLS = [
  { name: "do", inputSchema: { type: "object" } },
  { name: "safe", inputSchema: { type: "object" }, annotations: { readOnlyHint: true } },
  { name: "fine", inputSchema: { type: "object" } },
];
/** As many calls as open a breaker, and one more. */
const CALLS = circuitBreakerOptions.parse({}).failure_threshold + 1;

/** A server that answers everything but lists, handshakes and the tool `fine` with a status. */
function answering(status: number, what: "calls" | "everything" | "lists"): Handler {
  return (received, response) => {
    const { method, params } = received.message;
    const isList = method === "tools/list" || method === "prompts/list";
    const answers = what === "lists" ? method !== "prompts/list" : isList || params?.name === "fine";
    if (status !== 200 && !answers) {
      const location = status < 400 ? { location: "http://elsewhere.invalid/" } : {};
      return void response.writeHead(status, { "content-type": "text/html", ...location }).end("<h1>no</h1>");
    }
    return result(received, response, isList ? { tools: TOOLS } : { content: [] });
  };
}

function gatewayOf(servers: Readonly<Record<string, RawServer>>): Gateway {
  const gateway = new Gateway({
    servers: {
      ...Object.fromEntries(
        Object.entries(servers).map(([id, { url }]) => [id, remoteOptions.parse({ mode: "remote", endpoint: url })]),
      ),
      all: groupOptions.parse({
        mode: "group",
        strategy: "priority",
        members: Object.keys(servers).map((id, at) => ({ id, priority: at + 1 })),
      }),
    },
    execution: executionOptions.parse({}),
    circuitBreaker: circuitBreakerOptions.parse({}),
    bus: new RecordingBus(),
    platform: nodePlatform,
    info: { name: "test", version: "0" },
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

const ERAS = [
  ["legacy", legacy],
  ["modern", modern],
] as const;

describe.each(ERAS)("a %s server whose calls are answered with", (_era, of) => {
  it.each(TABLE)("HTTP %i is alive or in trouble by that alone", async (status, verdict) => {
    const server = await rawServer(of(answering(status, "calls")));
    const gateway = gatewayOf({ one: server });
    for (let calls = 0; calls < CALLS; calls++) {
      const failed = await gateway.callTool({ server: "one", tool: "do" });
      const expected = verdict.opens && calls === CALLS - 1 ? "circuit_open" : verdict.errorType;
      expect(failed).toMatchObject({ kind: "failure", code: expected });
    }
    expect(FAILURES[verdict.errorType].retryable).toBe(verdict.retryable);
    const one = gateway.fleet.get("one");
    expect(one?.breaker.state()).toBe(verdict.opens ? "open" : "closed");
    const other = await gateway.callTool({ server: "one", tool: "fine" });
    expect(other.kind).toBe(verdict.opens ? "failure" : "result");
  });

  it.each(TABLE)("HTTP %i is asked elsewhere only if that can help and does no harm", async (status, verdict) => {
    const first = await rawServer(of(answering(status, "calls")));
    const second = await rawServer(of(answering(200, "calls")));
    const asked = (): number => second.received.filter(({ message }) => message.method === "tools/call").length;
    const gateway = gatewayOf({ first, second });
    await gateway.callTool({ server: "all", tool: "do" });
    expect(asked()).toBe(verdict.elsewhere === "always" ? 1 : 0);
    await gateway.callTool({ server: "all", tool: "safe" });
    expect(asked()).toBe({ never: 0, "when repeatable": 1, always: 2 }[verdict.elsewhere]);
    await gateway.callTool({ server: "all", tool: "do" });
    const group = gateway.fleet.groups.get("all")?.snapshot();
    const out = group?.members.filter(({ inRotation }) => !inRotation).map(({ id }) => id);
    expect(out).toEqual(verdict.opens ? ["first"] : []);
  });
});

describe.each(ERAS)("a %s server whose health checks are answered with", (_era, of) => {
  it.each(TABLE)("HTTP %i", async (status, verdict) => {
    let checks = false;
    const behaviour = answering(status, "everything");
    const server = await rawServer((received, response) => {
      if (checks && ["ping", "server/discover"].includes(received.message.method ?? "")) {
        return behaviour(received, response);
      }
      return of(answering(200, "calls"))(received, response);
    });
    const one = gatewayOf({ one: server }).fleet.get("one");
    await one?.ensureReady(new AbortController().signal);
    checks = true;
    expect(await one?.check(10_000)).toMatchObject({ result: verdict.alive ? "healthy" : "unhealthy" });
    expect(one?.state.failures).toBe(verdict.alive ? 0 : 1);
  });

  it.each([-32601, -32600, -32602, -32603, -32700, -32000])("the JSON-RPC error %i", async (code) => {
    let checks = false;
    const server = await rawServer((received, response) => {
      const { id, method } = received.message;
      if (!checks || !["ping", "server/discover"].includes(method ?? "")) {
        return of(answering(200, "calls"))(received, response);
      }
      return json(response, 500, { jsonrpc: "2.0", id, error: { code, message: "no" } });
    });
    const one = gatewayOf({ one: server }).fleet.get("one");
    await one?.ensureReady(new AbortController().signal);
    checks = true;
    expect(await one?.check(10_000)).toMatchObject({ result: "healthy" });
  });
});

describe("a list that is answered with", () => {
  it.each(TABLE)("HTTP %i fails alone, for the same reason as a call", async (status, { errorType }) => {
    const prompts = { tools: {}, prompts: {} };
    const server = await rawServer((received, response) =>
      received.message.method === "initialize"
        ? result(received, response, {
            protocolVersion: "2025-11-25",
            capabilities: prompts,
            serverInfo: { name: "x" },
          })
        : legacy(answering(status, "lists"))(received, response),
    );
    const gateway = gatewayOf({ one: server });
    const one = gateway.fleet.get("one");
    expect(await one?.refresh("prompts", new AbortController().signal)).toMatchObject({ code: errorType });
    expect(await gateway.callTool({ server: "one", tool: "fine" })).toMatchObject({ kind: "result" });
    expect(one?.breaker.state()).toBe("closed");
    expect(one?.state.name).toBe("ready");
  });
});

describe("a start that is answered with", () => {
  it.each(TABLE)("HTTP %i fails, for a server that cannot be greeted serves nobody", async (status) => {
    const server = await rawServer(answering(status, "everything"));
    const gateway = gatewayOf({ one: server });
    expect(await gateway.callTool({ server: "one", tool: "do" })).toMatchObject({ code: "start_failed" });
    expect(gateway.fleet.get("one")?.breaker.state()).toBe("closed");
  });
});

it("passes on when a server wants to be asked again", async () => {
  const server = await rawServer(
    modern((received, response) =>
      received.message.method === "tools/list"
        ? result(received, response, { tools: TOOLS })
        : void response.writeHead(429, { "retry-after": "3" }).end(),
    ),
  );
  const gateway = gatewayOf({ one: server });
  expect(await gateway.callTool({ server: "one", tool: "do" })).toMatchObject({
    code: "overloaded",
    retryAfterMs: 3_000,
  });
});
