import type { Gateway } from "@mcp-hangar/core";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { beforeEach, describe, expect, it } from "vitest";
import type { Access } from "../../access/access.ts";
import { createRoles } from "../../access/roles.ts";
import type { OperationChange } from "../operation.ts";
import { groupOperations } from "./groups.ts";

const caller: Caller = { type: "api_key", id: registeredName("ann"), roles: ["some"], credential: "api_key:ann" };
const access = createRoles({
  some: { permissions: ["groups:read", "groups:write"], tools: { allow: ["team", "open"] } },
}) as unknown as Access;

let takenOut: Set<string>;
let changes: OperationChange[];
beforeEach(() => {
  takenOut = new Set();
  changes = [];
});

/** What operations ask of a group: here one of two members, of which one is hidden. */
const team = {
  id: "team",
  options: { members: [{ id: "open" }, { id: "hidden" }] },
  setInRotation(id: string, inRotation: boolean): boolean {
    if (inRotation) takenOut.delete(id);
    else takenOut.add(id);
    return true;
  },
  snapshot: () => ({
    id: "team",
    strategy: "round_robin",
    minHealthy: 1,
    inRotation: 2 - takenOut.size,
    breaker: "closed",
    inFlight: 0,
    members: ["open", "hidden"].map((id) => ({
      id,
      weight: 1,
      priority: 0,
      inRotation: !takenOut.has(id),
      outBecause: takenOut.has(id) ? "taken_out" : undefined,
      inFlight: 0,
      consecutiveFailures: 0,
      consecutiveSuccesses: 0,
    })),
  }),
};

function perform(id: string, input: object): Promise<object> | undefined {
  const groups = { all: () => [team], get: (name: string) => (name === "team" ? team : undefined) };
  const operations = groupOperations({ gateway: { fleet: { groups } } as unknown as Gateway, access });
  const context = { caller, door: "rest" as const, signal: new AbortController().signal, relay: { caller } };
  const changed = (change: OperationChange): void => void changes.push(change);
  return operations.find((operation) => operation.id === id)?.perform(input, { ...context, changed });
}

describe("a group with a member that the caller does not reach", () => {
  it.each([
    ["listGroups", {}],
    ["showGroup", { group: "team" }],
    ["setGroupRotation", { group: "team", server: "open", in_rotation: false }],
    ["setGroupRotation", { group: "team", server: "hidden", in_rotation: false }],
    ["setGroupRotation", { group: "team", server: "never", in_rotation: false }],
  ])("does not name it: %s %j", async (id, input) => {
    const answer = JSON.stringify(await perform(id, input)).replace('no member \\"hidden\\"', "no member as typed");
    expect(answer).toContain("open");
    expect(answer).not.toContain("hidden");
    expect(takenOut).not.toContain("hidden");
  });

  it("tells records who was taken out and put back", async () => {
    const input = { group: "team", server: "open" };
    await perform("setGroupRotation", { ...input, in_rotation: false });
    await perform("setGroupRotation", { ...input, in_rotation: true });
    await perform("setGroupRotation", { group: "team", server: "hidden", in_rotation: true });
    const [inside, outside] = ['"open" in rotation while it is healthy', '"open" taken out of rotation'];
    expect(changes).toEqual([
      { before: inside, after: outside },
      { before: outside, after: inside },
    ]);
  });
});
