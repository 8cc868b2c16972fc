import { afterEach, expect, test } from "vitest";
import { factName } from "../fact-text.ts";
import { CleanTexts } from "./clean-texts.ts";
import { knownSecrets } from "./known-secrets.ts";

afterEach(() => knownSecrets.replace("clean-texts.test", []));

test("a name that becomes a secret is hidden, however often it was shown before", () => {
  const name = "marlin-and-swordfish-43";
  expect([factName(name), factName(name)]).toEqual([name, name]);
  knownSecrets.replace("clean-texts.test", [name]);
  expect([factName(name), factName(name)]).toEqual(["[redacted]", "[redacted]"]);
});

test("texts with secrets are never among the clean ones", () => {
  const name = "Bearer abcdefghijklmnopqrstuvwxyz0123456789";
  expect([factName(name), factName(name)]).toEqual(["Bearer [redacted]", "Bearer [redacted]"]);
});

test("the latest are kept, and those that are asked for again; long ones are not", () => {
  const texts = new CleanTexts();
  texts.add("asked for");
  for (let at = 0; at < 10_000; at++) {
    texts.add(`text ${at}`);
    if (at % 100 === 0) expect(texts.has("asked for")).toBe(true);
  }
  const kept = Array.from({ length: 10_000 }, (_each, at) => texts.has(`text ${at}`));
  expect(kept.at(-1)).toBe(true);
  // Asking moves old ones among the young, so that it must not be counted by asking further.
  expect(kept.filter(Boolean).length).toBeLessThanOrEqual(1_024);
  texts.add("x".repeat(129));
  expect(texts.has("x".repeat(129))).toBe(false);
});
