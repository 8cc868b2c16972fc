import type { JsonObject } from "@mcp-hangar/core";
import { seededRandom } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import { textOf } from "../../src/text-of.ts";
import { DOORS, FaceRig, type Offer, type RigAnswer } from "./face-rig.ts";

const random = seededRandom(20_261_201);
const long = (start: string): string => `${start}_${"with_a_name_that_no_model_api_takes_".repeat(3)}${start}`;
const OFFER: Offer = {
  tools: ["add", long("a"), long("b"), `${long("a")}x`],
  prompts: ["greet", long("p")],
  resources: ["memo://a"],
  templates: [],
};
const SERVERS = { math: {}, search: { prefix: "web" }, [`s${"x".repeat(60)}`]: {} };

function namesOf({ result }: RigAnswer, key: "tools" | "prompts"): readonly string[] {
  // The lists of the gateway are lists of objects with a name.
  return ((result?.[key] ?? []) as readonly JsonObject[]).map(({ name }) => textOf(name));
}

function rigOf(scope: ConstructorParameters<typeof FaceRig>[0]["scope"] = { kind: "all" }): FaceRig {
  return new FaceRig({ servers: SERVERS, offer: OFFER, scope });
}

describe.each(DOORS)("names on the aggregate, over %s", (door) => {
  it("are such as model APIs take, unlike each other, and lead to what the server has", async () => {
    const rig = rigOf();
    const ask = await rig.client(door);
    for (const [list, method, key] of [
      ["tools/list", "tools/call", "tools"],
      ["prompts/list", "prompts/get", "prompts"],
    ] as const) {
      const names = namesOf(await ask(list), key);
      expect(names).toHaveLength(OFFER[key].length * 3);
      expect(new Set(names).size).toBe(names.length);
      for (const [index, name] of names.entries()) {
        expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
        rig.asked.length = 0;
        expect((await ask(method, { name, arguments: {} })).error, name).toBeUndefined();
        expect(rig.asked.find((asked) => asked.method === method)?.params.name).toBe(
          OFFER[key][index % OFFER[key].length],
        );
      }
      expect(names.filter((name) => name.startsWith("web__")).length).toBe(OFFER[key].length);
    }
  });

  it("are the same in every gateway, and understood by one that has listed nothing yet", async () => {
    const names = namesOf(await (await rigOf().client(door))("tools/list"), "tools");
    const another = rigOf();
    const ask = await another.client(door);
    const shortened = names.filter((name) => name.length === 64 && !name.startsWith("sx"));
    expect(shortened.length).toBe(6);
    for (const name of shortened) {
      expect((await ask("tools/call", { name, arguments: {} })).error, name).toBeUndefined();
    }
  });

  it("are understood in full and by the id of the server, too", async () => {
    const rig = rigOf();
    const ask = await rig.client(door);
    await ask("tools/list");
    for (const name of [`math__${long("a")}`, `search__${long("b")}`, `web__${long("b")}`, "search__add", "web__add"]) {
      expect((await ask("tools/call", { name, arguments: {} })).error, name).toBeUndefined();
    }
    const none = `${"math__x".padEnd(53, "y")}_0123456789`;
    expect((await ask("tools/call", { name: none, arguments: {} })).error?.message).toContain(`unknown tool "${none}"`);
  });
});

it("names at the endpoint of a server are its own, however long", async () => {
  const ask = await rigOf({ kind: "server", id: "search" }).client("http legacy");
  expect(namesOf(await ask("tools/list"), "tools")).toEqual(OFFER.tools);
});

it("whatever servers call their tools, no two have the same name and each leads back", async () => {
  for (let round = 0; round < 20; round++) {
    const tools = [
      ...new Set(Array.from({ length: 40 }, () => "ab_".repeat(random.integer(0, 40)) + random.integer(0, 99))),
    ];
    const rig = new FaceRig({ servers: SERVERS, offer: { ...OFFER, tools }, scope: { kind: "all" } });
    const ask = await rig.client("http modern");
    const names = namesOf(await ask("tools/list"), "tools");
    expect(new Set(names).size).toBe(tools.length * 3);
    const at = random.integer(0, names.length - 1);
    rig.asked.length = 0;
    await ask("tools/call", { name: names[at] ?? "", arguments: {} });
    expect(rig.asked.find(({ method }) => method === "tools/call")?.params.name).toBe(tools[at % tools.length]);
  }
});

it("records have the id of the server and the whole name, by which roles are asked who may see them", async () => {
  const rig = rigOf();
  const ask = await rig.client("http legacy");
  const shortened = namesOf(await ask("prompts/list"), "prompts").find((name) => name.startsWith("web__p"));
  await ask("prompts/get", { name: shortened ?? "" });
  const told = rig.events.filter((event) => event.type === "request.finished");
  expect(told.find(({ method }) => method === "prompts/get")).toMatchObject({ subject: `search__${long("p")}` });
});
