import { expect, it } from "vitest";
import { type SeededRandom, seededRandom } from "../testing/index.ts";
import { abortSignalOf, Cancellation, type CancelSignal } from "./cancellation.ts";

const LISTENERS = 5;
const STEPS = 12;

interface Source {
  readonly signal: CancelSignal;
  abort(reason?: unknown): void;
}

/** One thing that happens to a source. */
type Reaction = { readonly kind: "add" | "remove"; readonly index: number } | { readonly kind: "abort" | "nothing" };

function reaction(random: SeededRandom): Reaction {
  const kind = random.pick(["nothing", "nothing", "add", "remove", "abort"] as const);
  return kind === "add" || kind === "remove" ? { kind, index: random.integer(0, LISTENERS - 1) } : { kind };
}

/** Does the same to a source, whatever it is, and returns what was seen. */
function life(seed: number, source: Source): readonly unknown[] {
  const random = seededRandom(seed);
  const seen: unknown[] = [];
  const does = (step: Reaction): void => {
    if (step.kind === "abort") source.abort(`reason ${seed}`);
    else if (step.kind === "add") source.signal.addEventListener("abort", listeners[step.index] as () => void);
    else if (step.kind === "remove") source.signal.removeEventListener("abort", listeners[step.index] as () => void);
  };
  const reactions = Array.from({ length: LISTENERS }, () => reaction(random));
  const listeners = reactions.map((step, index) => () => {
    seen.push([index, source.signal.aborted, source.signal.reason]);
    // Node.js tells those who are added meanwhile, and the DOM standard does not.
    if (step.kind !== "add") does(step);
  });
  for (let step = 0; step < STEPS; step++) {
    does(random.chance(0.1) ? { kind: "abort" } : reaction(random));
    seen.push([source.signal.aborted, source.signal.reason]);
  }
  source.abort("at last");
  return [...seen, source.signal.aborted, source.signal.reason];
}

it("does in any life what an AbortController does", () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    expect(life(seed, new Cancellation()), `seed ${seed}`).toEqual(life(seed, new AbortController()));
  }
});

it("has a reason as an AbortController has", () => {
  for (const source of [new Cancellation(), new AbortController()]) {
    expect(source.signal.reason).toBeUndefined();
    source.abort();
    expect(source.signal.reason).toMatchObject({ name: "AbortError", message: "This operation was aborted" });
    expect(source.signal.reason).toBe(source.signal.reason);
  }
});

it("tells the others when a listener throws, and then the process", async () => {
  const heard: unknown[] = [];
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  const told = new Promise((resolve) => process.once("uncaughtException", resolve));
  try {
    const source = new Cancellation();
    const broken = new Error("broken");
    source.addEventListener("abort", () => {
      throw broken;
    });
    source.addEventListener("abort", () => heard.push("second"));
    source.abort();
    expect(heard).toEqual(["second"]);
    expect(await told).toBe(broken);
  } finally {
    for (const listener of before) process.on("uncaughtException", listener);
  }
});

it("becomes an AbortSignal for those who want one", () => {
  const { signal } = new AbortController();
  expect(abortSignalOf(signal)).toBe(signal);
  const late = new Cancellation();
  const asSignal = abortSignalOf(late);
  expect(asSignal.aborted).toBe(false);
  late.abort("enough");
  expect([asSignal.aborted, asSignal.reason]).toEqual([true, "enough"]);
  expect([abortSignalOf(late).aborted, abortSignalOf(late).reason]).toEqual([true, "enough"]);
});
