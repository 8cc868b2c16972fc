import { type JsonObject, rateLimitOptions } from "@mcp-hangar/core";
import { describe, expect, it } from "vitest";
import { type Ask, DOORS, type Door, FaceRig, type Offer, type RigAnswer } from "./face-rig.ts";

const OFFER: Offer = {
  tools: ["add"],
  prompts: ["greet"],
  resources: ["memo://1"],
  templates: ["memo://{id}"],
};
const ARGUMENT = { name: "id", value: "" };
const FACES = ["aggregate", "server", "group"] as const;
type Face = (typeof FACES)[number];

/** Everything that reaches a server, and where that can be asked for. */
const REQUESTS: readonly {
  readonly method: string;
  readonly doors?: readonly Door[];
  /** Groups keep nothing for a client. */
  readonly ofGroups?: false;
  readonly params: (names: { name: string; uri: string }) => JsonObject;
}[] = [
  { method: "tools/call", params: ({ name }) => ({ name: `${name}add`, arguments: {} }) },
  { method: "prompts/get", params: ({ name }) => ({ name: `${name}greet` }) },
  { method: "resources/read", params: ({ uri }) => ({ uri: `${uri}memo://1` }) },
  {
    method: "completion/complete",
    params: ({ name }) => ({ ref: { type: "ref/prompt", name: `${name}greet` }, argument: ARGUMENT }),
  },
  {
    method: "completion/complete",
    params: ({ uri }) => ({ ref: { type: "ref/resource", uri: `${uri}memo://{id}` }, argument: ARGUMENT }),
  },
  { method: "tools/list", params: () => ({}) },
  { method: "prompts/list", params: () => ({}) },
  { method: "resources/list", params: () => ({}) },
  { method: "resources/templates/list", params: () => ({}) },
  { method: "logging/setLevel", doors: ["http legacy", "stdio"], params: () => ({ level: "debug" }) },
  {
    method: "resources/subscribe",
    doors: ["http legacy", "stdio"],
    ofGroups: false,
    params: ({ uri }) => ({ uri: `${uri}memo://1` }),
  },
  {
    method: "subscriptions/listen",
    doors: ["http modern"],
    ofGroups: false,
    params: ({ uri }) => ({ notifications: { resourceSubscriptions: [`${uri}memo://1`] } }),
  },
];

const CASES = REQUESTS.flatMap((request) =>
  FACES.filter((face) => face !== "group" || request.ofGroups !== false).flatMap((face) =>
    (request.doors ?? DOORS).map((door) => ({ ...request, face, door })),
  ),
);

async function setUp(face: Face, door: Door): Promise<{ readonly rig: FaceRig; readonly ask: Ask }> {
  const rig = new FaceRig({
    servers: { alone: {}, pair: { members: [{ id: "one" }, { id: "two" }] }, one: {}, two: {} },
    offer: OFFER,
    scope: face === "aggregate" ? { kind: "all" } : { kind: "server", id: face === "group" ? "pair" : "alone" },
    // The bucket holds one request, and the next is there after the test.
    rateLimit: rateLimitOptions.parse({ enabled: true, requests_per_second: 1e-6, burst: 1 }),
  });
  await rig.start();
  return { rig, ask: await rig.client(door) };
}

/** Whether a server took what was asked for. */
function isTaken(method: string, { result, error }: RigAnswer): boolean {
  if (method === "subscriptions/listen") return JSON.stringify(result).includes("memo://1");
  expect(error?.data?.error_type ?? "none").toBe(error === undefined ? "none" : "rate_limited");
  return error === undefined;
}

describe.each(CASES)("$method at the $face face over $door", ({ method, face, door, params }) => {
  it("takes its token, and is refused when there is none", async () => {
    const { rig, ask } = await setUp(face, door);
    const names = face === "aggregate" ? { name: "alone__", uri: "hangar://alone/" } : { name: "", uri: "" };
    const wanted = params(names);
    const before = rig.asked.length;
    // What is in memory costs no server anything: tools were listed when the servers started.
    const isKnown = method === "tools/list";
    expect(isTaken(method, await ask(method, wanted))).toBe(true);
    const { length: reached } = rig.asked;
    expect(reached > before).toBe(!isKnown);
    const other = { name: `${names.name}greet` };
    expect(isTaken("prompts/get", await ask("prompts/get", other))).toBe(isKnown);
    // The stream is over, and with it what the server kept for it.
    const later = rig.asked.slice(reached).filter((request) => request.method !== "resources/unsubscribe");
    expect(later).toHaveLength(isKnown ? 1 : 0);
  });

  it("is refused when another request took the token", async () => {
    const { rig, ask } = await setUp(face, door);
    const names = face === "aggregate" ? { name: "alone__", uri: "hangar://alone/" } : { name: "", uri: "" };
    await ask("prompts/get", { name: `${names.name}greet` });
    const { length: reached } = rig.asked;
    expect(isTaken(method, await ask(method, params(names)))).toBe(method === "tools/list");
    expect(rig.asked).toHaveLength(reached);
  });
});

it("300 reads pass a bucket of one once", async () => {
  const { rig, ask } = await setUp("aggregate", "http modern");
  const read = (): Promise<RigAnswer> => ask("resources/read", { uri: "hangar://alone/memo://1" });
  const answers = await Promise.all(Array.from({ length: 300 }, read));
  expect(answers.filter(({ error }) => error === undefined)).toHaveLength(1);
  expect(rig.asked.filter(({ method }) => method === "resources/read")).toHaveLength(1);
});
