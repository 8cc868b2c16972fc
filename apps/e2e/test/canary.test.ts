import { beforeAll, describe, expect, test } from "vitest";
import { canariesIn } from "../src/harness/canaries.ts";
import { manageEverything, plantCanaries } from "../src/harness/canary-acts.ts";
import { type ObservedOptions, startObservedGateway } from "../src/harness/observed-gateway.ts";

/** Tools that were called, and whose end is told: one fails with words, one with secrets that are known or look like some. */
const CALLED = ["rpc_error", "secret_error"];

/** Everything that left a gateway: canaries by the way they took. */
interface Left {
  /** What servers were given. */
  readonly given: readonly string[];
  /** What callers were answered. */
  readonly answers: readonly string[];
  /** By output, with whether it tells of the calls at all. */
  readonly outputs: Readonly<Record<string, { readonly canaries: readonly string[]; readonly tells: boolean }>>;
}

/** Does everything, and looks through all that comes out. */
async function everythingOf(options: ObservedOptions): Promise<Left> {
  await using observed = await startObservedGateway(options);
  const answers = await plantCanaries(observed);
  const managed = await manageEverything(observed);
  const given = await observed.given();
  const outputs = { ...managed, ...(await observed.stopped()) };
  const secrets = [observed.secured.admin, observed.limited, observed.token].map((secret) => secret.slice(-20));
  const found = Object.entries(outputs).map(([name, bytes]) => {
    const text = typeof bytes === "string" ? bytes : bytes.toString("latin1");
    const credentials = secrets.filter((secret) => text.includes(secret)).map(() => "credential of a caller");
    return [
      name,
      { canaries: [...canariesIn(text), ...credentials], tells: CALLED.every((tool) => text.includes(tool)) },
    ] as const;
  });
  return { given: canariesIn(given), answers: canariesIn(answers), outputs: Object.fromEntries(found) };
}

/** What servers are given, because it is meant for them. */
const FOR_SERVERS = `
  argument-names arguments bearer call-meta completed environment header nested-arguments option password
  password-argument prompt-arguments query repeated variable
`
  .trim()
  .split(/\s+/);

/** What callers are answered: what servers say, and what they have said themselves. */
const FOR_CALLERS = `
  argument-names arguments completions garbage nested-arguments password-argument prompt-errors
  prompt-errors-data prompts repeated resource-errors resource-errors-data resources result-meta results
  rpc-errors rpc-errors-data structured-results tool-errors
`
  .trim()
  .split(/\s+/);

/**
 * Why a server refused a request, in its own words: those who run the gateway read it, without what is known or looks like a secret.
 * It leaves the gateway only where results are captured.
 */
const WORDS = ["garbage", "prompt-errors", "resource-errors", "rpc-errors"];

/** What stands on spans and observations of calls where arguments and results are captured. */
const CAPTURED = "argument-names arguments nested-arguments result-meta results structured-results tool-errors".split(
  " ",
);

const RUNS = [
  {
    name: "as it is by default",
    options: { protocol: "http/protobuf", capture: false },
    traces: [],
    langfuse: [],
  },
  {
    name: "that captures arguments and results",
    options: { protocol: "grpc", capture: true },
    traces: [...CAPTURED, ...WORDS],
    langfuse: [...CAPTURED, "garbage", "rpc-errors"],
  },
] as const satisfies readonly {
  name: string;
  options: ObservedOptions;
  traces: readonly string[];
  langfuse: readonly string[];
}[];

describe.each(RUNS)("of a gateway with everything on, $name,", ({ options, traces, langfuse }) => {
  let left: Left;

  beforeAll(async () => {
    left = await everythingOf(options);
    // Hundreds of requests one after the other, which takes a busy machine its time.
  }, 300_000);

  test("servers are given what is meant for them, and nothing else that the gateway knows", () => {
    expect(left.given).toEqual(FOR_SERVERS.toSorted());
  });

  test("callers are answered what servers say, without what the gateway was given for them", () => {
    expect(left.answers).toEqual(FOR_CALLERS.toSorted());
  });

  test.each([
    ["the log", "stderr", WORDS],
    ["stdout", "stdout", []],
    ["the file of the log", "log file", WORDS],
    ["the history", "history", WORDS],
    ["answers of the management", "management", WORDS],
    ["the stream of events", "events", []],
    ["metrics", "metrics", []],
    ["spans", "traces", traces],
    ["audit records", "audit", []],
    ["audit records on the disk", "spool of audit", []],
    ["the audit journal", "journal", []],
    ["audit records in files", "files of audit records", []],
    ["observations and scores", "langfuse", langfuse],
    ["what was captured for auditors, once they decrypt it", "decrypted", CAPTURED],
  ])("there is no secret in %s, and of what was said only what is promised", (_what, name, canaries) => {
    expect(left.outputs[name]).toEqual({ canaries: [...canaries].sort(), tells: name !== "stdout" });
  });
});
