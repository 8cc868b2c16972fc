import type { Change } from "./changes.ts";

/** The changes as people read them. */
export function reportText(changes: readonly Change[]): string {
  if (changes.length === 0) return "No public name has changed.\n";
  const { breaking = [], compatible = [] } = Object.groupBy(changes, ({ impact }) => impact);
  return [
    ...section("Breaking", breaking),
    ...section("Compatible", compatible),
    `${breaking.length} breaking, ${compatible.length} compatible.`,
    ...(breaking.length === 0
      ? []
      : [
          "A query for what is gone shows no error, only nothing: change dashboards, rules and silences before the upgrade.",
        ]),
    "",
  ].join("\n");
}

/** The changes for scripts. */
export function reportJson(changes: readonly Change[]): string {
  const breaking = changes.filter(({ impact }) => impact === "breaking").length;
  return `${JSON.stringify({ breaking, compatible: changes.length - breaking, changes }, undefined, 2)}\n`;
}

/** One change in one line. */
export function changeLine({ subject, name, detail, renamedTo }: Change): string {
  const guess = renamedTo === undefined ? "" : `; looks like a rename to ${renamedTo}`;
  return `${subject} ${name}: ${detail}${guess}`;
}

function section(title: string, changes: readonly Change[]): readonly string[] {
  return changes.length === 0 ? [] : [`${title}:`, ...changes.map((each) => `  ${changeLine(each)}`), ""];
}
