import { expect, test } from "vitest";
import { type Draft, LocalTrace } from "./local-trace.ts";

const draft = (): Draft => ({ spans: 0, bytes: 0, make: () => [] });
const CHILD = { isWorthIt: false, isRoot: false };
const ROOT = { isWorthIt: false, isRoot: true };

function trace(sampled: boolean): { readonly local: LocalTrace; readonly exported: Draft[] } {
  const exported: Draft[] = [];
  return { local: new LocalTrace(sampled, (each) => exported.push(each)), exported };
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
  const { local, exported } = trace(false);
  for (let i = 0; i < 5_000; i++) local.finish(draft(), CHILD);
  local.finish(draft(), { isWorthIt: true, isRoot: true });
  expect(exported).toHaveLength(1_001);
});

test("what ends after the whole is not kept back for ever", () => {
  const { local, exported } = trace(false);
  local.finish(draft(), ROOT);
  for (let i = 0; i < 10; i++) local.finish(draft(), CHILD);
  local.finish(draft(), { isWorthIt: true, isRoot: false });
  expect(exported).toHaveLength(1);
});
