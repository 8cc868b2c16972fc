import { expect, test } from "vitest";
import { HeldBack } from "./held-back.ts";
import { type Draft, LocalTrace } from "./local-trace.ts";

const draft = (): Draft => ({ spans: 2, bytes: 0, make: () => [] });
const CHILD = { isWorthIt: false, isRoot: false };
const ROOT = { isWorthIt: false, isRoot: true };

/** What becomes of the pieces of traces. */
interface Outcome {
  readonly heldBack: HeldBack;
  readonly exported: Draft[];
  missing: number;
}

function outcome(): Outcome {
  const exported: Draft[] = [];
  const heldBack = new HeldBack({
    exportSpans: (each) => exported.push(each),
    onMissing(spans) {
      made.missing += spans;
    },
  });
  const made: Outcome = { heldBack, exported, missing: 0 };
  return made;
}

function trace(sampled: boolean): Outcome & { readonly local: LocalTrace } {
  const made = outcome();
  return Object.assign(made, { local: new LocalTrace(sampled, made.heldBack) });
}

test("what is sampled is exported as it ends", () => {
  const { local, exported } = trace(true);
  const [child, root] = [draft(), draft()];
  local.finish(child, CHILD);
  expect(exported).toEqual([child]);
  local.finish(root, ROOT);
  expect(exported).toEqual([child, root]);
});

test("what is not sampled is forgotten when it ends well", () => {
  const { local, exported } = trace(false);
  local.finish(draft(), CHILD);
  local.finish(draft(), ROOT);
  expect(exported).toEqual([]);
  expect(local.isKept).toBe(false);
});

test("one piece that is worth it brings everything before and after it along, and is told of", () => {
  const { local, exported } = trace(false);
  const [before, failed, after, root] = [draft(), draft(), draft(), draft()];
  local.finish(before, CHILD);
  local.finish(failed, { isWorthIt: true, isRoot: false });
  local.finish(after, CHILD);
  local.finish(root, ROOT);
  expect(exported).toEqual([before, failed, after, root]);
  expect(local).toMatchObject({ isKept: true, sampled: false });
});

test("what is kept back is bounded, and what is worth it is exported all the same", () => {
  const of = trace(false);
  for (let i = 0; i < 5_000; i++) of.local.finish(draft(), CHILD);
  of.local.finish(draft(), { isWorthIt: true, isRoot: true });
  expect(of.exported).toHaveLength(1_001);
  expect(of.missing).toBe(2 * 4_000);
  expect(of.heldBack.drafts).toBe(0);
});

test("10 000 traces that never end keep back no more than is allowed, and those that come later are whole", () => {
  const all = outcome();
  const endless = Array.from({ length: 10_000 }, () => new LocalTrace(false, all.heldBack));
  for (let piece = 0; piece < 20; piece++) for (const local of endless) local.finish(draft(), CHILD);
  expect(all.heldBack.drafts).toBeLessThanOrEqual(32_768);
  const late = new LocalTrace(false, all.heldBack);
  const pieces = [draft(), draft(), draft()];
  for (const piece of pieces) late.finish(piece, CHILD);
  late.finish(draft(), { isWorthIt: true, isRoot: true });
  expect(all.exported.slice(0, 3)).toEqual(pieces);
  expect([all.exported.length, all.missing]).toEqual([4, 0]);
  // What one of the others has lost is counted when it turns out to be wanted, and what nobody wants is not.
  for (const local of endless) local.finish(draft(), { isWorthIt: true, isRoot: true });
  expect(2 * all.exported.length + all.missing).toBe(2 * (4 + 10_000 * 21));
  expect(all.heldBack.drafts).toBe(0);
});

test("what ends after the whole is not kept back for ever", () => {
  const { local, exported } = trace(false);
  local.finish(draft(), ROOT);
  for (let i = 0; i < 10; i++) local.finish(draft(), CHILD);
  local.finish(draft(), { isWorthIt: true, isRoot: false });
  expect(exported).toHaveLength(1);
});
