import { seededRandom } from "@mcp-hangar/core/testing";
import { expect, it } from "vitest";
import { DOORS, FaceRig, type Offer } from "./face-rig.ts";

const random = seededRandom(20_261_130);
const WORDS = ["ab", "abc", "b", "bc", "ca", "cab"] as const;
const OFFER: Offer = {
  tools: WORDS.map((word) => `t-${word}`),
  prompts: WORDS.map((word) => `p-${word}`),
  resources: WORDS.map((word) => `memo://r/${word}`),
  templates: WORDS.map((word) => `memo://u/${word}/{id}`),
};

function glob(): string {
  const middle = random.pick([...WORDS, "a*", "*b", "?", "??", "*c*", "*", "a?*"] as const);
  return random.pick([`*${middle}`, `t-${middle}`, `p-${middle}`, `memo://?/${middle}`, `memo://r/${middle}*`]);
}

interface Rules {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

function rules(): Rules | undefined {
  const globs = (): readonly string[] => Array.from({ length: random.integer(0, 3) }, glob);
  if (random.chance(0.2)) return undefined;
  return { ...(random.chance(0.5) && { allow: [...globs(), glob()] }), ...(random.chance(0.7) && { deny: globs() }) };
}

/** Told by regular expressions, which know nothing of the gateway's globs. */
function shows({ allow = ["*"], deny = [] }: Rules, text: string): boolean {
  const fits = (each: string): boolean => {
    const source = each
      .replaceAll(/[.{}/]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${source}$`).test(text);
  };
  return allow.some(fits) && !deny.some(fits);
}

type Kinds = { readonly [kind in "tools" | "resources" | "prompts"]: Rules | undefined };

/** A tool that every role may call: where no tool is reached, neither is anything else that the role does not name. */
const ALWAYS = "t-always";

function ofTools(): Rules {
  const { allow = [], deny = [] } = rules() ?? {};
  return { allow: [...allow, ALWAYS], deny: deny.filter((each) => !shows({ allow: [each] }, ALWAYS)) };
}

const anyKinds = (): Kinds => ({ tools: rules(), resources: rules(), prompts: rules() });
const present = (kinds: Kinds): object =>
  Object.fromEntries(Object.entries(kinds).filter(([, each]) => each !== undefined));

/** Rules of a server in the words of a role. */
function ofServer(server: string, kinds: Kinds): object {
  const qualified = Object.entries(present(kinds)).map(([kind, each]) => {
    const lists = Object.entries(each as Rules).map(([list, globs]) => [
      list,
      globs.map((one: string) => `${server}/${one}`),
    ]);
    return [kind, Object.fromEntries(lists)];
  });
  return Object.fromEntries(qualified);
}

it("nothing hidden is named in any list or answer, and whatever is shown is listed", { timeout: 60_000 }, async () => {
  for (let round = 0; round < 40; round++) {
    const [ofTheServer, ofTheRole] = [anyKinds(), { ...anyKinds(), tools: ofTools() }];
    const single = random.chance(0.5);
    const rig = new FaceRig({
      servers: { entry: present(ofTheServer) },
      role: ofServer("entry", ofTheRole),
      offer: OFFER,
      scope: single ? { kind: "server", id: "entry" } : { kind: "all" },
    });
    const ask = await rig.client(
      random.pick(DOORS.filter((door) => door !== "stdio") as ["http legacy", "http modern"]),
    );
    const isShown = (kind: keyof Kinds, text: string): boolean =>
      shows(ofTheServer[kind] ?? {}, text) && shows(ofTheRole[kind] ?? {}, text);
    const answers: string[] = [];
    for (const list of ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]) {
      answers.push(JSON.stringify((await ask(list)).result ?? {}));
    }
    const named: readonly (readonly [keyof Kinds, string])[] = [
      ...OFFER.tools.map((name) => ["tools", name] as const),
      ...OFFER.prompts.map((name) => ["prompts", name] as const),
      ...[...OFFER.resources, ...OFFER.templates].map((uri) => ["resources", uri] as const),
    ];
    const about = JSON.stringify({ ofTheServer, ofTheRole, single });
    for (const [kind, text] of named) {
      const prefix = kind === "resources" ? "hangar://entry/" : "entry__";
      const quoted = JSON.stringify(single ? text : `${prefix}${text}`);
      expect(answers.join().includes(quoted), `${text} ${about}`).toBe(isShown(kind, text));
    }
    for (const uri of OFFER.resources) {
      const { result } = await ask("resources/read", { uri: single ? uri : `hangar://entry/${uri}` });
      expect(result !== undefined, `${uri} ${about}`).toBe(isShown("resources", uri));
      const told = OFFER.resources.filter((other) =>
        JSON.stringify(result ?? {}).includes(JSON.stringify(other).slice(1)),
      );
      if (result !== undefined)
        expect(told, about).toEqual(OFFER.resources.filter((other) => isShown("resources", other)));
    }
    for (const name of OFFER.prompts) {
      const { result } = await ask("prompts/get", { name: single ? name : `entry__${name}` });
      expect(result !== undefined, `${name} ${about}`).toBe(isShown("prompts", name));
    }
    const reached = rig.asked.flatMap(({ params }) => [params.uri, params.name]);
    for (const text of reached.filter((each) => typeof each === "string")) {
      expect(isShown(text.startsWith("memo:") ? "resources" : "prompts", text), `${text} ${about}`).toBe(true);
    }
  }
});
