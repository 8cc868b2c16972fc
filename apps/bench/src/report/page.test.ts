import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scenarios } from "../scenarios/index.ts";
import { figuresOf } from "./figure.ts";
import type { KeptRun } from "./kept-run.ts";
import { pageOf } from "./page.ts";

const docs = new URL("../../../../docs/", import.meta.url);
const page = readFileSync(new URL("performance.md", docs), "utf8");
const kept: KeptRun = JSON.parse(readFileSync(new URL("performance.json", docs), "utf8"));

test("the page of the documentation is that of the run that is kept beside it", () => {
  expect(page).toBe(pageOf(kept));
});

test("the kept run has what the scenarios of today find", () => {
  const names = scenarios.map(({ name }) => name);
  for (const { scenario } of kept.sections) expect(names).toContain(scenario);
  const shown = ["peers", "relay", "large-results", "memory", "scale", "costs", "metrics"];
  expect(kept.sections.map(({ scenario }) => scenario)).toEqual(shown);
  const ids = figuresOf(kept.sections).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("the run was one of a whole commit, and its page says where, when and with which load", () => {
  expect(kept.commit).toMatch(/^[0-9a-f]{7,40}$/);
  for (const fact of [kept.commit, kept.machine.node, kept.machine.model, kept.date.slice(0, 10)]) {
    expect(page).toContain(fact);
  }
});

test("what misses its target is named first, with by how much", () => {
  const figure = { id: "a.b", label: "a thing", value: 30, unit: "MB", target: { atMost: 20 } };
  const kept24 = { ...figure, id: "a.c", label: "another", value: 24, target: { atMost: 24 } };
  const text = pageOf({ ...kept, sections: [{ scenario: "memory", tables: [], figures: [figure, kept24] }] });
  const [, missed = "", rest = ""] = /## Missed(.*?)\n## (.*)/s.exec(text) ?? [];
  expect(missed).toContain("1 of 2 targets.");
  expect(missed).toContain("| a thing | 30.0 MB | ≤ 20 MB | by 50 % | `a.b` |");
  expect(missed).not.toContain("another");
  expect(rest).toContain("| another | 24.0 MB | ≤ 24 MB | PASS | `a.c` |");
});
