import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { failure, Witnesses } from "@mcp-hangar/core";
import { FakeClock } from "@mcp-hangar/core/testing";
import { type HangarEvent, registeredName, TelemetryBus } from "@mcp-hangar/telemetry";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ANONYMOUS_CALLER } from "../access/access.ts";
import { type Refusal, send } from "../http/answer.ts";
import type { AdmitOperation } from "./rate-limit.ts";
import { noOperation } from "./recorded.ts";
import { unroutedAnswers } from "./rest.ts";

const CALLER = { ...ANONYMOUS_CALLER, id: registeredName("ada") };
const REFUSAL: Refusal = { status: 404, code: "not_found", message: "nothing", headers: { allow: "GET" } };

let events: HangarEvent[];
let limited: ReturnType<AdmitOperation>;
const server = createServer((http, response) => {
  const bus = new TelemetryBus();
  bus.on("test", (event) => {
    events.push(event);
  });
  const none = noOperation(new Witnesses({ bus }, new FakeClock()), { newId: () => "0", admit: () => limited });
  const unrouted = unroutedAnswers(none, { address: () => "192.0.2.1" });
  const { signal } = new AbortController();
  void unrouted({ http, caller: CALLER, signal }, REFUSAL).then((answer) =>
    send(response, answer, http.method === "HEAD"),
  );
});

beforeEach(async () => {
  [events, limited] = [[], undefined];
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ask = (method: string, path: string): Promise<Response> => {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}${path}`, { method });
};

it.each([
  ["GET", "read"],
  ["HEAD", "read"],
  ["DELETE", "change"],
])("what there is nothing for is told without its query: %s", async (method, effect) => {
  const { status, headers } = await ask(method, "/api/nothing?key=secret");
  expect([status, headers.get("allow")]).toEqual([404, "GET"]);
  expect(events).toMatchObject([
    {
      type: "operation.finished",
      operation: "_other",
      effect,
      door: "rest",
      target: `${method} /api/nothing`,
      outcome: "invalid_request",
      caller: CALLER,
      client: { address: "192.0.2.1" },
    },
  ]);
});

it("is refused by the rate limit before", async () => {
  limited = failure("rate_limited", "too much", 1_000);
  expect((await ask("GET", "/api/nothing")).status).toBe(429);
  expect(events).toMatchObject([{ outcome: "rate_limited" }]);
});
