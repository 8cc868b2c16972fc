import type { IncomingMessage } from "node:http";
import type { Caller } from "@mcp-hangar/telemetry";
import { expect, it } from "vitest";
import { openAccess } from "./open-access.ts";

const access = openAccess({ address: ({ headers }) => headers.host ?? "" });

function callerAt(address: string): Caller {
  const request = { headers: { host: address } } as unknown as IncomingMessage;
  const identified = access.identify(request);
  if (identified instanceof Promise || identified.kind === "refused") throw new Error("nobody is asked");
  return identified.caller;
}

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["127.0.0.1", "127.0.0.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["::1", "0:0:0:0::/64"],
  ["", ""],
])("a caller at %j is told from others by %j, and is one object", (address, expected) => {
  expect(callerAt(address)).toMatchObject({ type: "anonymous", id: "anonymous", address: expected });
  expect(callerAt(address)).toBe(callerAt(address));
});

it("callers are forgotten in the order in which they came", () => {
  const first = callerAt("first");
  for (let other = 0; other < 999; other++) callerAt(`other ${other}`);
  callerAt("last");
  expect(callerAt("first")).not.toBe(first);
  expect(callerAt("first")).toEqual(first);
});
