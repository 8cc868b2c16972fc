import type { Era, JsonObject } from "@mcp-hangar/core";
import { describe, expect, it } from "vitest";
import { type Ask, type Door, FaceRig, type Offer, type RigAnswer, type RigOptions } from "./face-rig.ts";

const OFFER: Offer = {
  tools: ["add", "secret_add"],
  prompts: ["greet", "secret_greet"],
  resources: ["memo://open/1", "memo://secret/1"],
  templates: ["memo://open/{id}", "memo://secret/{id}"],
};

const RULES = {
  deny: {
    tools: { deny: ["secret_*"] },
    prompts: { deny: ["secret_*"] },
    resources: { deny: ["memo://secret/*"] },
  },
  allow: { tools: { allow: ["add"] }, prompts: { allow: ["greet"] }, resources: { allow: ["memo://open/*"] } },
} as const;
type Kind = keyof typeof RULES;

/** The same rules in the words of a role. */
function ofRole(kind: Kind, server: string): RigOptions["role"] {
  const qualified = Object.entries(RULES[kind]).map(
    ([what, rules]: [string, Readonly<Record<string, readonly string[]>>]) => {
      const lists = Object.entries(rules).map(([list, globs]) => [list, globs.map((glob) => `${server}/${glob}`)]);
      return [what, Object.fromEntries(lists)];
    },
  );
  return Object.fromEntries(qualified);
}

/** Where rules may stand, and the entry that is asked. */
const PLACES: Readonly<Record<string, (kind: Kind) => Pick<RigOptions, "servers" | "role">>> = {
  "rules of a server": (kind) => ({ servers: { entry: RULES[kind] } }),
  "rules of a server, for a caller with a role": (kind) => ({ servers: { entry: RULES[kind] }, role: {} }),
  "a role": (kind) => ({ servers: { entry: {} }, role: ofRole(kind, "entry") }),
  "a role, by a glob of servers": (kind) => ({ servers: { entry: {} }, role: ofRole(kind, "ent*") }),
  "rules of a group": (kind) => ({ servers: { entry: { members: [{ id: "one" }], ...RULES[kind] }, one: {} } }),
  "rules of the members of a group": (kind) => ({
    servers: { entry: { members: [{ id: "one" }, { id: "two" }] }, one: RULES[kind], two: RULES[kind] },
  }),
  "a role, about a group": (kind) => ({
    servers: { entry: { members: [{ id: "one" }] }, one: {} },
    role: ofRole(kind, "entry"),
  }),
};

const FACES = ["aggregate", "server"] as const;
type Face = (typeof FACES)[number];

const CASES = Object.keys(PLACES).flatMap((place) =>
  FACES.flatMap((face) =>
    (["deny", "allow"] as const).flatMap((kind) =>
      (["http legacy", "http modern"] as const).map((door) => ({ place, face, kind, door })),
    ),
  ),
);

interface Case {
  readonly place: string;
  readonly face: Face;
  readonly kind: Kind;
  readonly door: Door;
  readonly upstream?: Era;
}

async function setUp({
  place,
  face,
  kind,
  door,
  upstream,
}: Case): Promise<{ readonly rig: FaceRig; readonly ask: Ask }> {
  const scope = face === "aggregate" ? ({ kind: "all" } as const) : ({ kind: "server", id: "entry" } as const);
  const parts = PLACES[place]?.(kind);
  if (parts === undefined) throw new Error(`no rules ${place}`);
  const rig = new FaceRig({ ...parts, offer: OFFER, scope, upstream });
  return { rig, ask: await rig.client(door) };
}

/** How clients of a face write what servers call so. */
function spelled(face: Face, server = "entry"): { name: (text: string) => string; uri: (text: string) => string } {
  if (face === "server") return { name: (text) => text, uri: (text) => text };
  return { name: (text) => `${server}__${text}`, uri: (text) => `hangar://${server}/${text}` };
}

/** A request about something with `open` or `secret` in its name. */
function requests(face: Face, which: "open" | "secret", server = "entry"): readonly (readonly [string, JsonObject])[] {
  const { name, uri } = spelled(face, server);
  const prompt = name(which === "open" ? "greet" : "secret_greet");
  const argument = { name: "id", value: "" };
  return [
    ["prompts/get", { name: prompt }],
    ["resources/read", { uri: uri(`memo://${which}/1`) }],
    ["completion/complete", { ref: { type: "ref/prompt", name: prompt }, argument }],
    ["completion/complete", { ref: { type: "ref/resource", uri: uri(`memo://${which}/{id}`) }, argument }],
    ["completion/complete", { ref: { type: "ref/resource", uri: uri(`memo://${which}/1`) }, argument }],
  ];
}

const LISTS = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] as const;

describe.each(CASES)("$place that $kind, at the $face face over $door", (about) => {
  const { face, door } = about;

  it("leave hidden items out of each list", async () => {
    const { ask } = await setUp(about);
    const { name, uri } = spelled(face);
    const texts = await Promise.all(LISTS.map(async (list) => JSON.stringify((await ask(list)).result)));
    const shown = [name("add"), name("greet"), uri("memo://open/1"), uri("memo://open/{id}")];
    for (const [index, text] of texts.entries()) expect(text).toContain(JSON.stringify(shown[index]));
    expect(texts.join()).not.toContain("secret");
  });

  it("let by what is shown, and refuse what is hidden like what does not exist, without asking a server", async () => {
    const { rig, ask } = await setUp(about);
    for (const [method, params] of requests(face, "open")) expect((await ask(method, params)).error).toBeUndefined();
    for (const [index, [method, params]] of requests(face, "secret").entries()) {
      const { error } = await ask(method, params);
      const isRead = method === "resources/read";
      expect(error?.code, method).toBe(isRead && door === "http legacy" ? -32002 : -32602);
      if (face === "server") continue;
      const elsewhere = requests(face, "secret", "nobody")[index]?.[1];
      // Word for word, but for what was asked for and for what is suggested to be meant.
      const said = (answer: RigAnswer["error"]): string =>
        JSON.stringify(answer)
          .replaceAll("nobody", "entry")
          .replace(/; did you mean \\"\w+\\"\?/, "");
      expect(said(error)).toBe(said((await ask(method, elsewhere)).error));
    }
    expect(JSON.stringify(rig.asked)).not.toContain("secret");
  });

  it("leave other resources that are hidden out of the contents of one", async () => {
    const { ask } = await setUp(about);
    const { result } = await ask("resources/read", { uri: spelled(face).uri("memo://open/1") });
    expect(JSON.stringify(result)).toContain("memo://open/1");
    expect(JSON.stringify(result)).not.toContain("secret");
  });

  it("refuse a completion that names something shown beside something hidden", async () => {
    const { rig, ask } = await setUp(about);
    const { name, uri } = spelled(face);
    const both = { name: name("greet"), uri: uri("memo://secret/{id}") };
    const argument = { name: "id", value: "" };
    expect(
      (await ask("completion/complete", { ref: { type: "ref/resource", ...both }, argument })).error,
    ).toBeDefined();
    expect((await ask("completion/complete", { ref: { type: "ref/prompt", ...both }, argument })).result).toBeDefined();
    expect((await ask("completion/complete", { ref: both, argument })).result).toBeDefined();
    expect(JSON.stringify(rig.asked)).not.toContain("secret");
  });
});

const SUBSCRIPTIONS = CASES.filter(({ place }) => !place.includes("group")).flatMap((each) => [
  { ...each, upstream: "legacy" as const },
  { ...each, upstream: "modern" as const },
]);

describe.each(SUBSCRIPTIONS)("$place that $kind, at the $face face over $door, before a $upstream server", (about) => {
  it("refuse a subscription to what is hidden", async () => {
    const { rig, ask } = await setUp(about);
    const { uri } = spelled(about.face);
    const subscribe = async (which: string): Promise<boolean> => {
      const resource = uri(`memo://${which}/1`);
      if (about.door === "http legacy")
        return (await ask("resources/subscribe", { uri: resource })).error === undefined;
      const { result } = await ask("subscriptions/listen", { notifications: { resourceSubscriptions: [resource] } });
      return JSON.stringify(result).includes(resource);
    };
    expect(await subscribe("open")).toBe(true);
    expect(await subscribe("secret")).toBe(false);
    expect(JSON.stringify(rig.asked)).not.toContain("secret");
  });
});

it("a URI by the server's own spelling resolves to the server whose resource is shown", async () => {
  const servers = { one: RULES.deny, two: {} };
  const rig = new FaceRig({ servers, offer: OFFER, scope: { kind: "all" }, role: {} });
  const ask = await rig.client("http modern");
  await ask("resources/list");
  const { result } = await ask("resources/read", { uri: "memo://secret/1" });
  expect(JSON.stringify(result)).toContain("hangar://two/memo://secret/1");
});

it("the records of a denied request say so, and those of one that the server's rules hide do not", async () => {
  const outcomes = async (options: Pick<RigOptions, "servers" | "role">): Promise<readonly unknown[]> => {
    const rig = new FaceRig({ ...options, offer: OFFER, scope: { kind: "all" } });
    const ask = await rig.client("http modern");
    for (const [method, params] of requests("aggregate", "secret")) await ask(method, params);
    return rig.events.flatMap((event) => (event.type === "request.finished" ? [[event.server, event.outcome]] : []));
  };
  const denied = await outcomes({ servers: { entry: {} }, role: ofRole("deny", "entry") });
  expect(denied).toHaveLength(5);
  for (const each of denied) expect(each).toMatchObject(["entry", { status: "rejected", reason: "access_denied" }]);
  const hidden = await outcomes({ servers: { entry: RULES.deny } });
  for (const each of hidden) expect(each).toMatchObject(["entry", { status: "rejected", reason: "invalid_request" }]);
});
