import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { FakeClock } from "@mcp-hangar/core/testing";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Access, type Identification, OPEN_ACCESS } from "../access/access.ts";
import { refusalAnswer } from "./answer.ts";
import { requestGuard } from "./request-guard.ts";
import type { Route, RouteRequest } from "./route.ts";
import { Router } from "./router.ts";
import { Strangers } from "./strangers.ts";
import { Traffic } from "./traffic.ts";

const ADA: Caller = { type: "api_key", id: registeredName("ada"), roles: [], credential: "api_key:ada" };

let identify: () => Identification | Promise<Identification>;
let permitted: boolean;
let asked: string[];
let handled: RouteRequest[];
let answer: Promise<void> | undefined;
/** Refusals that were told, by status and caller. */
let told: string[];
let router: Router;
let server: Server;
let url: string;

beforeEach(async () => {
  identify = () => ({ kind: "caller", caller: ADA });
  permitted = true;
  [asked, handled, answer, told] = [[], [], undefined, []];
  const access: Access = {
    ...OPEN_ACCESS,
    enabled: true,
    identify: () => {
      asked.push("identify");
      return identify();
    },
    permits: (caller, permission) => {
      asked.push(`${caller.id} ${permission}`);
      return permitted;
    },
  };
  const handle: Route["handle"] = async (incoming) => {
    handled.push(incoming);
    await answer;
    return { status: 200, contentType: "text/plain", body: incoming.body };
  };
  const refuse: Route["refuse"] = ({ caller }, refusal) => {
    told.push(`${refusal.status} ${caller.id}`);
    return refusalAnswer(refusal);
  };
  router = new Router({
    guard: requestGuard({ boundTo: "127.0.0.1", allowedHosts: [], allowedOrigins: [], nowMs: () => 0 }),
    access,
    strangers: new Strangers({
      access,
      origin: { address: () => "192.0.2.1" },
      clock: new FakeClock(),
      denials: { report: () => {} },
    }),
    bodyBytesMax: 10,
    traffic: new Traffic(),
    onError: () => {},
    routes: [
      { method: "GET", path: "/alive", permission: "public", probe: true, handle },
      { method: "GET", path: "/open", permission: "public", handle },
      { method: "GET", path: "/closed", permission: "servers:read", handle },
      { method: "POST", path: "/closed", permission: "servers:write", handle, refuse },
      { method: "GET", path: "/api/thing", permission: "servers:read", handle },
    ],
    async unrouted({ caller }, refusal) {
      told.push(`unrouted ${refusal.status} ${caller.id}`);
      return refusalAnswer(refusal);
    },
  });
  server = createServer(router.handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const connections = (): Promise<number> =>
  new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));

const json = { "content-type": "application/json" };
const post = (body: string | undefined, headers: Record<string, string> = json): Promise<Response> =>
  fetch(`${url}/closed`, { method: "POST", headers, ...(body !== undefined && { body }) });

describe("who asks", () => {
  it("is not asked for what is public", async () => {
    identify = () => {
      throw new Error("nobody may ask");
    };
    expect((await fetch(`${url}/open`)).status).toBe(200);
    expect(handled[0]?.caller).toMatchObject({ type: "anonymous" });
  });

  it.each([
    ["at once", (value: Identification) => value],
    ["after a while", (value: Identification) => Promise.resolve(value)],
  ])("is found %s, and needs the permission of the route", async (_when, find) => {
    identify = () => find({ kind: "caller", caller: ADA });
    expect((await fetch(`${url}/closed`)).status).toBe(200);
    expect((await post("{}")).status).toBe(200);
    expect(asked).toEqual(["identify", "ada servers:read", "identify", "ada servers:write"]);
    expect(handled.map(({ caller }) => caller)).toEqual([ADA, ADA]);
    permitted = false;
    const refused = await fetch(`${url}/closed`);
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { error: { code: "forbidden", message: expect.stringContaining("servers:read") } },
    ]);
  });

  it("that is not told is told how to, and nothing of the request is read", async () => {
    const headers = { "www-authenticate": "Bearer" };
    identify = () => ({ kind: "refused", refusal: { status: 401, code: "no_credentials", message: "who?", headers } });
    const refused = await post("far more than ten bytes", { "content-type": "text/plain" });
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(handled).toEqual([]);
  });

  it("does not matter for what is not there, and not beyond Host and Origin", async () => {
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    expect((await fetch(`${url}/closed`, { method: "DELETE" })).status).toBe(405);
    expect((await fetch(`${url}/closed`, { method: "OPTIONS" })).headers.get("allow")).toBe("GET, HEAD, POST, OPTIONS");
    expect((await post("{}", { ...json, origin: "https://evil.example" })).status).toBe(403);
    expect(asked).toEqual([]);
  });
});

describe("what the management does not have", () => {
  it.each([
    ["GET", "/api/nothing?really", 404],
    ["DELETE", "/api/thing", 405],
  ])("is told as its caller's: %s %s", async (method, path, status) => {
    const refused = await fetch(`${url}${path}`, { method });
    expect([refused.status, refused.headers.get("allow") === null]).toEqual([status, status === 404]);
    expect([asked, told]).toEqual([["identify"], [`unrouted ${status} ada`]]);
  });

  it("is nobody's business who does not say who they are", async () => {
    identify = () => ({ kind: "refused", refusal: { status: 401, code: "no_credentials", message: "who?" } });
    expect((await fetch(`${url}/api/nothing`)).status).toBe(401);
    expect(told).toEqual([]);
  });
});

describe("a body", () => {
  it.each([
    ["{}", json, 200],
    ["{}", { "content-type": "application/json; charset=utf-8" }, 200],
    [undefined, {}, 200],
    [undefined, json, 200],
    ["01234567890", json, 413],
    ["{}", { "content-type": "text/plain" }, 415],
    [undefined, { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["{}", { ...json, "content-encoding": "gzip" }, 415],
  ])("%j with %j gets %d", async (body, headers, status) => {
    expect((await post(body, headers)).status).toBe(status);
    expect(handled).toHaveLength(status === 200 ? 1 : 0);
    expect(told).toEqual(status === 200 ? [] : [`${status} ada`]);
  });

  it("that does not come is told when the client leaves", async () => {
    const headers = { ...json, "content-length": 10, expect: "100-continue" };
    const outgoing = request(`${url}/closed`, { method: "POST", headers });
    outgoing.on("error", () => {}).flushHeaders();
    await once(outgoing, "continue");
    outgoing.destroy();
    await expect.poll(() => told).toEqual(["499 ada"]);
    expect(handled).toEqual([]);
  });

  it("that has not come when the gateway ends is answered, and told once", async () => {
    const headers = { ...json, "content-length": 10, expect: "100-continue" };
    const outgoing = request(`${url}/closed`, { method: "POST", headers });
    outgoing.flushHeaders();
    await once(outgoing, "continue");
    const answered = once(outgoing, "response");
    router.open.interrupt();
    const [response] = (await answered) as [IncomingMessage];
    expect(response.statusCode).toBe(503);
    outgoing.destroy();
    await expect.poll(() => connections()).toBe(0);
    expect([told, handled]).toEqual([["503 ada"], []]);
  });

  it("without a type is refused", async () => {
    const status = await new Promise((resolve, reject) => {
      const outgoing = request(`${url}/closed`, { method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      outgoing.once("error", reject).end("{}");
    });
    expect(status).toBe(415);
  });
});

it("a client that leaves is noticed", async () => {
  const pending = Promise.withResolvers<void>();
  answer = pending.promise;
  const outgoing = request(`${url}/closed`);
  outgoing.on("error", () => {}).end();
  await expect.poll(() => handled.length).toBe(1);
  expect(router.open.unanswered()).toBe(1);
  outgoing.destroy();
  await expect.poll(() => handled[0]?.signal.aborted).toBe(true);
  expect(router.open.unanswered()).toBe(0);
  pending.resolve();
});

it("who waits when the gateway stops gets an answer, and then the connection ends", async () => {
  const pending = Promise.withResolvers<void>();
  answer = pending.promise;
  const waiting = fetch(`${url}/closed`);
  await expect.poll(() => handled.length).toBe(1);
  router.open.closeAfterAnswers();
  pending.resolve();
  const response = await waiting;
  expect([response.status, response.headers.get("connection")]).toEqual([200, "close"]);
});

it.each([
  ["a public document", "/open", {}],
  ["nothing", "/nothing", {}],
  ["a method that is not possible", "/open", { method: "DELETE" }],
  ["a page of another origin", "/closed", { headers: { origin: "https://evil.example" } }],
])(
  "who asks for %s without end gets 429 in the end, and probes and callers are answered",
  async (_what, path, init) => {
    const statuses = new Set<number>();
    for (let round = 0; round < 55; round++) {
      const responses = await Promise.all(Array.from({ length: 10 }, () => fetch(`${url}${path}`, init)));
      for (const { status } of responses) statuses.add(status);
    }
    expect(statuses.size).toBe(2);
    expect(statuses).toContain(429);
    const last = await fetch(`${url}${path}`, init);
    expect([last.status, last.headers.get("retry-after")]).toEqual([429, "1"]);
    expect((await fetch(`${url}/alive`)).status).toBe(200);
    expect((await fetch(`${url}/closed`, { headers: { authorization: "Bearer good" } })).status).toBe(200);
  },
);
