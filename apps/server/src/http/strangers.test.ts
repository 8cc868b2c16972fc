import type { IncomingMessage } from "node:http";
import { FakeClock } from "@mcp-hangar/core/testing";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { beforeEach, describe, expect, it } from "vitest";
import { ANONYMOUS_CALLER, type Identification } from "../access/access.ts";
import type { Denied } from "./denials.ts";
import { Strangers } from "./strangers.ts";

const ADA: Caller = { type: "api_key", id: registeredName("ada"), roles: [], credential: "api_key:ada" };
const GOOD = { authorization: "Bearer good" };
const BAD = { authorization: "Bearer bad" };

let clock: FakeClock;
let looked: number;
let enabled: boolean;
let strangers: Strangers;
let told: Denied[];

beforeEach(() => {
  clock = new FakeClock();
  looked = 0;
  enabled = true;
  told = [];
  strangers = new Strangers({
    access: {
      get enabled() {
        return enabled;
      },
      identify({ headers: { authorization } }): Identification | Promise<Identification> {
        looked += 1;
        if (!enabled) return { kind: "caller", caller: ANONYMOUS_CALLER };
        if (authorization === GOOD.authorization) return { kind: "caller", caller: ADA };
        const refused = { kind: "refused", refusal: { status: 401, code: "unauthenticated", message: "" } } as const;
        return authorization === undefined ? refused : Promise.resolve(refused);
      },
    },
    origin: { address: ({ headers }) => headers.host ?? "" },
    clock,
    denials: { report: (_request, denied) => told.push(denied) },
  });
});

async function statusOf(
  address: string,
  headers: Readonly<Record<string, string>> = {},
  url = "/mcp",
): Promise<number> {
  const request = { url, headers: { host: address, ...headers } } as unknown as IncomingMessage;
  const identified = await strangers.identify(request);
  return identified.kind === "caller" ? 200 : identified.refusal.status;
}

async function statusesOf(count: number, address: string, headers = {}): Promise<Readonly<Record<number, number>>> {
  const counts: Record<number, number> = {};
  for (let each = 0; each < count; each++) {
    const status = await statusOf(address, headers);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

describe("requests without a caller", () => {
  it.each([
    ["without credentials", {}],
    ["with bad ones", BAD],
  ])("%s are limited by address, for a while", async (_how, headers) => {
    expect(await statusesOf(600, "192.0.2.1", headers)).toEqual({ 401: 500, 429: 100 });
    expect(await statusOf("192.0.2.2", headers)).toBe(401);
    clock.advance(1_000);
    expect(await statusesOf(100, "192.0.2.1", headers)).toEqual({ 401: 50, 429: 50 });
  });

  it("take no work without credentials while there are too many", async () => {
    await statusesOf(600, "192.0.2.1");
    expect(looked).toBe(500);
  });

  it("are told of once each: by who looks at credentials while there is room, and as denied when there is none", async () => {
    await statusesOf(500, "192.0.2.1");
    expect(told).toEqual([]);
    expect(await statusOf("192.0.2.1")).toBe(429);
    expect(await statusOf("192.0.2.1", {}, "/api/events?since=1")).toBe(429);
    const reason = "address_limited";
    expect(told).toEqual([
      { door: "mcp", reason },
      { door: "rest", reason },
    ]);
    expect(await statusOf("192.0.2.1", BAD)).toBe(429);
    expect(told).toHaveLength(2);
  });

  it("of one network of IPv6 are those of one stranger", async () => {
    for (let host = 0; host < 500; host++) await statusOf(`2001:db8:1:2::${host.toString(16)}`);
    expect(await statusOf("2001:db8:1:2::ffff")).toBe(429);
    expect(await statusOf("2001:db8:1:3::1")).toBe(401);
  });

  it("say when to come back", async () => {
    await statusesOf(500, "192.0.2.1");
    const refusal = strangers.refusal({ headers: { host: "192.0.2.1" } } as unknown as IncomingMessage);
    expect(refusal).toMatchObject({ status: 429, code: "rate_limited", headers: { "retry-after": "1" } });
  });
});

it("whoever proves who they are is let in, however many bad requests came from there", async () => {
  await statusesOf(2_000, "192.0.2.1", BAD);
  expect(await statusesOf(2_000, "192.0.2.1", GOOD)).toEqual({ 200: 2_000 });
});

it("without authentication there are no strangers", async () => {
  enabled = false;
  expect(await statusesOf(2_000, "192.0.2.1")).toEqual({ 200: 2_000 });
});
