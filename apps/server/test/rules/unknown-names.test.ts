import { expect, it } from "vitest";
import { DOORS, FaceRig, type Offer, type RigAnswer } from "./face-rig.ts";

const OFFER: Offer = {
  tools: ["add", "multiply_all", "secret_sum"],
  prompts: ["greet"],
  resources: ["memo://a"],
  templates: ["memo://{id}"],
};
const ROLE = { tools: { allow: ["math", "files"], deny: ["*/secret_*"] } };
/** Over stdio there are no roles. */
const SERVERS = { math: { tools: { deny: ["secret_*"] } }, files: { tools: { deny: ["secret_*"] } } };
const ALL = { kind: "all" } as const;
const ONE = { kind: "server", id: "math" } as const;

const messageOf = ({ error }: RigAnswer): unknown => error?.message;

/** What is said of a tool that does not exist. */
const TOOLS: readonly (readonly [name: string, onAggregate: string, onServer: string])[] = [
  ["add", '; names here are <server>__<tool>; did you mean "math__add"?', "-"],
  ["math.add", '; names here are <server>__<tool>; did you mean "math__add"?', ""],
  ["math__ad", '; did you mean "math__add"?', ""],
  ["math__add", "-", '; did you mean "add"?'],
  ["hangar_list", "; names here are <server>__<tool>", ""],
  ["nobody__add", '; did you mean "math__add"?', '; did you mean "add"?'],
  ["something_else", "; names here are <server>__<tool>", ""],
  // As something that never was: nothing of what is hidden is suggested.
  ["math__secret_sum", "", ""],
  ["secret_sum", "; names here are <server>__<tool>", ""],
];

it.each(DOORS)("errors about tools use the names of the endpoint: %s", async (door) => {
  for (const [scope, column] of [
    [ALL, 1],
    [ONE, 2],
  ] as const) {
    const rig = new FaceRig({ servers: SERVERS, role: ROLE, offer: OFFER, scope });
    await rig.start();
    const ask = await rig.client(door);
    await ask("tools/list");
    for (const row of TOOLS) {
      const [name] = row;
      const expected = row[column];
      const answer = await ask("tools/call", { name, arguments: {} });
      if (expected === "-") expect(answer.result, `${name} at ${scope.kind}`).toBeDefined();
      else expect(messageOf(answer), `${name} at ${scope.kind}`).toBe(`unknown tool "${name}"${expected}`);
      if (expected === "-") continue;
      expect(answer.error?.data).toEqual({ error_type: "unknown_tool", retryable: false, may_have_run: false });
    }
  }
});

it("a name of megabytes is neither repeated nor compared for long", async () => {
  const rig = new FaceRig({ servers: SERVERS, offer: OFFER, scope: ALL });
  await rig.start();
  const ask = await rig.client("http legacy");
  const message = messageOf(await ask("tools/call", { name: "x".repeat(1_000_000), arguments: {} }));
  expect(String(message).length).toBeLessThan(500);
});

it.each(DOORS)("errors about prompts and resources name what was asked for: %s", async (door) => {
  const rig = new FaceRig({ servers: SERVERS, role: ROLE, offer: OFFER, scope: ALL });
  await rig.start();
  const ask = await rig.client(door);
  await ask("prompts/list");
  expect(messageOf(await ask("prompts/get", { name: "greet" }))).toBe(
    'unknown prompt "greet"; names here are <server>__<prompt>; did you mean "math__greet"?',
  );
  for (const uri of ["memo://nobody", "hangar://nobody/memo://a"]) {
    const { error } = await ask("resources/read", { uri });
    expect(error).toMatchObject({
      code: door === "http modern" ? -32602 : -32002,
      message: expect.stringContaining(uri),
      data: { uri },
    });
  }
});
