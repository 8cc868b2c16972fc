import { beforeAll, describe, expect, test } from "vitest";
import type { AlertRule } from "../../src/model.ts";
import { markdownTable } from "../../src/render/markdown.ts";
import { labelsUsedBy, printTemplate } from "../../src/template.ts";
import { defaultStack } from "../defaults.ts";
import { type Expanded, expandTexts } from "./expand.ts";

const stack = defaultStack;
/** What templates leave behind when they are given nothing, or something of another kind. */
const LEFT_OVER = /<no value>|<nil>|<error|%!|\{\{|\}\}|\bNaN\b|[+-]Inf\b|undefined/;
/** Characters of a description that a notification shows. */
const SHOWN = 500;

/** Burn rates over longer windows, whose stories take most of the time and whose texts are those of an hour with other numbers. */
const isLonger = (id: string): boolean => /BudgetBurn:(6h|1d|3d)$/.test(id);
const alerts = stack.alerts.filter(({ id }) => !isLonger(id));

let expanded: readonly Expanded[];

describe("promtool", { tags: ["promtool"] }, () => {
  beforeAll(async () => {
    expanded = await expandTexts(stack, alerts);
  }, 240_000);

  test("expands the texts of every alert", () => {
    expect(expanded.map(({ id }) => id)).toEqual(alerts.map(({ id }) => id));
  });

  test("would make the same of longer burn rates, but for numbers", () => {
    const longer = stack.alerts.filter(({ id }) => isLonger(id));
    expect(longer.length).toBe(12);
    for (const { id, name, labels, ...texts } of longer) {
      const model = alerts.find((each) => each.name === name && each.labels.slo === labels.slo);
      expect([id, textsOf(texts)]).toEqual([id, model === undefined ? [] : textsOf(model)]);
    }
  });

  test("leaves nothing blank, nothing unfilled and nothing too long to be shown", () => {
    for (const { id, annotations } of expanded) {
      expect([id, Object.keys(annotations).sort()]).toEqual([
        id,
        ["dashboard_url", "description", "runbook_url", "summary"],
      ]);
      for (const [name, text] of Object.entries(annotations)) {
        expect([id, name, text]).toEqual([id, name, text.trim()]);
        expect(text, `${id} ${name}`).not.toMatch(LEFT_OVER);
        // A label that is missing leaves two spaces, or a comma after nothing.
        expect(text, `${id} ${name}`).not.toMatch(/^$| {2}| [,.:;)]|\( ?\)/);
        expect(text.length, `${id} ${name}`).toBeLessThanOrEqual(SHOWN);
        if (name.endsWith("_url")) expect(URL.canParse(text), `${id} ${name}`).toBe(true);
      }
    }
  });

  test("writes the labels that a text names", () => {
    for (const { id, labels, annotations } of expanded) {
      const alert = stack.alerts.find((each) => each.id === id);
      for (const name of ["summary", "description"] as const) {
        for (const label of alert === undefined ? [] : labelsUsedBy(alert[name])) {
          expect([id, label, annotations[name]]).toEqual([id, label, expect.stringContaining(labels[label] || "–")]);
        }
      }
    }
  });

  test("says in summaries what tells two alerts of one name apart", () => {
    const summaries = expanded.map(({ annotations }) => annotations.summary);
    expect(summaries.filter((text, at) => summaries.indexOf(text) !== at)).toEqual([]);
  });

  test("writes what the docs show", async () => {
    await expect(page()).toMatchFileSnapshot("../../../../docs/reference/alert-texts.md");
  });
});

/** The templates, with a sign for each number and for the speed that is written without one. */
function textsOf({ summary, description }: Pick<AlertRule, "summary" | "description">): readonly string[] {
  return [summary, description].map((each) =>
    printTemplate(each)
      .replace(/faster than|[\d.]+ times as fast as/, "#")
      .replaceAll(/\d+(\.\d+)?[mhd]?/g, "#")
      // Queries are broken into lines by their length.
      .replaceAll(/\s+/g, ""),
  );
}

/** Of equal shares, such as `math (50%), files (50%)`, Prometheus names any first. */
function byName(text: string): string {
  return text.replaceAll(/[^\s,]+ \((\d+%)\)(?:, [^\s,]+ \(\1\))+/g, (equals) =>
    equals.split(", ").toSorted().join(", "),
  );
}

function page(): string {
  const rows = expanded.map(({ id, labels, annotations: { summary = "", description = "" } }) => [
    id,
    labels.severity ?? "",
    byName(summary),
    byName(description),
  ]);
  return [
    "# Texts of alerts",
    "<!-- Generated from packages/monitoring/test/texts by promtool. Do not edit: change the alert and run its test with `-u`. -->",
    "What each alert says when it fires for the first time in its story. The summary is the title of a page; a message shows the description and the links to the runbook and the dashboard too. Values and names are those of the story. Of burn rates it is the one over an hour; the others differ in their numbers.",
    markdownTable(["Alert", "Severity", "Summary", "Description"], rows),
    "",
  ].join("\n\n");
}
