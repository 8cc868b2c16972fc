import { setTimeout as delay } from "node:timers/promises";

/** What is tried of every client, in the order of the page. */
export const ABILITIES = ["list", "call", "cancel", "progress", "read", "prompt"] as const;
export type Ability = (typeof ABILITIES)[number];

/** A client that is connected to the fixture `able`; a text in the place of an ability says why the client has no such. */
export interface Driver {
  tools(): Promise<readonly string[]>;
  /** Calls a tool with the argument `text`. */
  call(tool: string, text: string, signal?: AbortSignal): Promise<unknown>;
  /** Whether `call` heeds its signal. */
  readonly cancel: true | string;
  /** Calls `count`, and gives what came of its progress. */
  readonly progress: (() => Promise<readonly number[]>) | string;
  /** Reads {@link RESOURCE}. */
  readonly read: (() => Promise<unknown>) | string;
  /** Gets {@link PROMPT}. */
  readonly prompt: (() => Promise<unknown>) | string;
  close(): Promise<void>;
}

export const RESOURCE = "able://greeting";
export const PROMPT = { name: "greet", arguments: { name: "Kyiv" } };

/** What came of one ability: what the client was told, why it failed, or why the client cannot do it. */
export type Outcome = { readonly told: unknown } | { readonly failed: string } | { readonly cannot: string };
export type Outcomes = Readonly<Record<Ability, Outcome>>;

/** How long a server may take to hear that a call is cancelled; a client that does not tell it costs as much. */
const CANCEL_MS = 20_000;

/** Tries everything, one after the other, and closes the client. */
export async function outcomesOf(driver: Driver): Promise<Outcomes> {
  try {
    return {
      list: await outcome(() => driver.tools()),
      call: await outcome(() => driver.call("echo", "Grüße")),
      progress: await outcome(driver.progress),
      read: await outcome(driver.read),
      prompt: await outcome(driver.prompt),
      cancel: typeof driver.cancel === "string" ? { cannot: driver.cancel } : await outcome(() => cancelled(driver)),
    };
  } finally {
    await driver.close();
  }
}

async function outcome(work: (() => Promise<unknown>) | string): Promise<Outcome> {
  if (typeof work === "string") return { cannot: work };
  try {
    return { told: await work() };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

/** Gives a call up, and asks the server whether it was told. */
async function cancelled(driver: Driver): Promise<string> {
  const text = crypto.randomUUID();
  const abort = new AbortController();
  const left = driver.call("wait", text, abort.signal).then(
    () => "was answered",
    () => "was left",
  );
  const is = async (state: string): Promise<boolean> =>
    JSON.stringify(await driver.call("waiting", text)).includes(state);
  if (!(await until(() => is("waiting")))) throw new Error("the call did not reach the server");
  abort.abort();
  if (!(await until(() => is("cancelled")))) throw new Error("the server was not told");
  return await left;
}

async function until(test: () => Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + CANCEL_MS; performance.now() < end; await delay(100)) {
    if (await test()) return true;
  }
  return false;
}
