import { expect, test } from "vitest";
import { CUT_MARK, cutMessage } from "./cut-message.ts";

const HEAD = "<134>1 2026-01-31T08:00:00.123Z host app 1 MH1000 ";

test("what fits stays as it is", () => {
  const message = `${HEAD}[a@32473 k="v"] text`;
  expect(cutMessage(message, message.length)).toBe(message);
});

test("the text of a longer message is cut, with a mark", () => {
  const cut = cutMessage(`${HEAD}- ${"x".repeat(1_000)}`, 480);
  expect(cut.length).toBe(480);
  expect(cut).toBe(`${HEAD}- ${"x".repeat(480 - HEAD.length - 2 - CUT_MARK.length)}${CUT_MARK}`);
});

test("an element of structured data stays whole or goes", () => {
  const small = '[a@32473 k="v"]';
  const large = `[b@32473 k="${"y".repeat(1_000)}"]`;
  expect(cutMessage(`${HEAD}${small}${large} text`, 480)).toBe(`${HEAD}${small} text${CUT_MARK}`);
  expect(cutMessage(`${HEAD}${large} text`, 480)).toBe(`${HEAD}- text${CUT_MARK}`);
});

test("what is escaped in a value ends no element", () => {
  const element = `[a@32473 k="one \\" two \\] three \\\\"]`;
  const message = `${HEAD}${element} ${"z".repeat(1_000)}`;
  expect(cutMessage(message, 480)).toMatch(
    new RegExp(`^.{${HEAD.length}}${element.replaceAll(/[[\]\\]/g, "\\$&")} z+ \\[cut\\]$`),
  );
});

test("no character is torn", () => {
  for (let bytes = 480; bytes < 488; bytes++) {
    const cut = cutMessage(`${HEAD}- ${"😀é".repeat(300)}`, bytes);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
    expect(cut).not.toContain("\ufffd");
    expect(cut.endsWith(CUT_MARK)).toBe(true);
  }
});

test("of anything else, the end is cut", () => {
  expect(cutMessage(`CEF:0|a|b|${"c".repeat(1_000)}`, 480)).toBe(
    `CEF:0|a|b|${"c".repeat(480 - 10 - CUT_MARK.length)}${CUT_MARK}`,
  );
  const broken = `${HEAD}[a@32473 k="${"unended ".repeat(100)}`;
  expect(cutMessage(broken, 480)).toBe(broken.slice(0, 480 - CUT_MARK.length) + CUT_MARK);
});

test("structured data without an end is cut before the test's time is up", () => {
  const hostile = `${HEAD}[a@32473${' k="\\\\"'.repeat(100_000)}`;
  expect(cutMessage(hostile, 2_048).endsWith(CUT_MARK)).toBe(true);
});
