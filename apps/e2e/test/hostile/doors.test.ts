import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bearer, type SecuredGateway, startSecuredGateway } from "../../src/harness/secured-gateway.ts";
import { causedFacts, expectRecords } from "../../src/harness/told-facts.ts";
import { MEMORY, nodeServer } from "../../src/harness/upstreams.ts";
import { type Witness, witness } from "../../src/harness/witness.ts";

const SERVER = "memory";

let inside: Witness;
let secured: SecuredGateway;
/** URL of the listener that has the metrics for itself. */
let apart: string;
let powerless: string;

beforeAll(async () => {
  inside = await witness();
  secured = await startSecuredGateway(
    {
      mcp_servers: { [SERVER]: nodeServer(MEMORY) },
      // Beyond loopback this listener asks who callers are, too.
      observability: { metrics: { host: "0.0.0.0", port: 0 } },
      auth: { roles: { nothing: { permissions: [] } } },
    },
    inside.env,
  );
  const [listening] = secured.gateway.events("metrics_listening");
  apart = String(listening?.url).replace("0.0.0.0", "127.0.0.1");
  powerless = await secured.keyFor("powerless", "nothing");
});

afterAll(async () => {
  await secured?.[Symbol.asyncDispose]();
  await inside?.[Symbol.asyncDispose]();
});

/** Every place at which the gateway can say no, and the interface that it belongs to. */
const PLACES: readonly (readonly [place: string, door: string, method: string])[] = [
  ["/mcp", "mcp", "POST"],
  ["/mcp", "mcp", "GET"],
  ["/mcp", "mcp", "DELETE"],
  [`/servers/${SERVER}/mcp`, "mcp", "POST"],
  ["/servers/nothing/mcp", "mcp", "POST"],
  ["/api/system", "rest", "GET"],
  ["/api/system?a=b", "rest", "GET"],
  ["/api/events", "rest", "GET"],
  ["/api/keys", "rest", "POST"],
  ["/metrics apart", "metrics", "GET"],
];
/** Places that ask nobody who they are. */
const OPEN_PLACES: readonly (readonly [place: string, door: string, method: string])[] = [
  ["/health/live", "other", "GET"],
  ["/nothing", "other", "GET"],
  ["/api/openapi.json", "rest", "GET"],
  ["/health/live apart", "other", "GET"],
];

async function statusOf(place: string, method: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const [path = "", isApart] = place.split(" ");
  const url = isApart === undefined ? `${secured.gateway.url}${path}` : new URL(path, apart).href;
  const asked = request(url, { method, headers: { "content-type": "application/json", ...headers } });
  asked.end(method === "POST" ? "{}" : undefined);
  // The types of `once` do not know what a response is.
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "close");
  return response.statusCode ?? 0;
}

/** What is told of one request: exactly this, and at this interface. */
async function expectDenied(ask: () => Promise<number>, reason: string, door: string): Promise<void> {
  const before = inside.events().length;
  expect(await ask()).toBe(403);
  const told = inside.events().slice(before);
  const denied = told.flatMap(({ record }) => (record?.type === "access.denied" ? [record] : []));
  expect(denied).toMatchObject([{ reason, target: { kind: "interface", name: door } }]);
  expectRecords(inside.events());
  expect(causedFacts(inside).at(-1)).toMatch(/^access\.denied /);
}

test.each([...PLACES, ...OPEN_PLACES])(
  "%s (%s, %s) tells of a foreign name that it is called by",
  async (place, door, method) => {
    await expectDenied(() => statusOf(place, method, { host: "evil.example" }), "host", door);
  },
);

test.each([...PLACES, ...OPEN_PLACES])("%s (%s, %s) tells of a foreign page", async (place, door, method) => {
  await expectDenied(() => statusOf(place, method, { origin: "https://evil.example" }), "origin", door);
});

test.each(PLACES)("%s (%s, %s) tells of who may not use it", async (place, door, method) => {
  await expectDenied(() => statusOf(place, method, bearer(powerless)), "permission", door);
});

test.each(PLACES)("%s (%s, %s) tells of who does not say who they are", async (place, door, method) => {
  const before = inside.events().length;
  expect(await statusOf(place, method, {})).toBe(401);
  const records = inside
    .events()
    .slice(before)
    .flatMap(({ record }) => record ?? []);
  const target = { kind: "interface", name: door };
  expect(records).toMatchObject([{ type: "authentication.failed", reason: "no_credentials", target }]);
});
