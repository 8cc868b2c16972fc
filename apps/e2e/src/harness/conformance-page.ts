import { type ConformanceReport, differences } from "./conformance-suite.ts";

/** One requirement set, without a gateway and through it. */
export interface ComparedSet {
  readonly requirements: string;
  /** Whether the server keeps events, for clients that take up its streams again. */
  readonly resumable: boolean;
  readonly direct: ConformanceReport;
  /** By the eras that the server behind the gateway speaks. */
  readonly through: ReadonlyMap<string, ConformanceReport>;
}

const INTRODUCTION = `# Conformance

<!-- Written by apps/e2e/test/conformance.long.test.ts from what it saw. Do not edit: run it with --update. -->

The official conformance suite at one server, without a gateway and through \`/servers/<id>/mcp\`, with all scenarios that a requirement set runs:
those that it demands, and those that are pending, came later or belong to extensions. No check that succeeds without the gateway fails behind it.
An INFO is as good as a SUCCESS: the suite tells what it saw where either is allowed. MISSING is a check that was not made: of event streams, where
the gateway gives a lone answer as plain JSON, as it may, and where it takes a stream of the server up again itself, so that its client need not. The suite
has no scenarios for tasks of 2025-11-25. \`apps/e2e/test/conformance-client.test.ts\` runs its scenarios for clients with the gateway in between.
`;

/** The page \`docs/reference/conformance.md\`. */
export function conformancePage(sets: readonly ComparedSet[]): string {
  return INTRODUCTION + sets.map(section).join("");
}

function section({ requirements, resumable, direct, through }: ComparedSet): string {
  const scenarios = new Set(Object.keys(direct.checks).map((check) => check.split("/", 1)[0] ?? ""));
  const isUnscored = (name: string): boolean => direct.unscored[name] !== undefined;
  const failing = new Set(
    Object.entries(direct.checks).flatMap(([check, status]) => (status === "FAILURE" ? [check.split("/", 1)[0]] : [])),
  );
  const notDemanded = [...scenarios].filter(isUnscored);
  const passedToo = notDemanded
    .filter((name) => !failing.has(name))
    .map((name) => `\`${name}\` (${direct.unscored[name]})`);
  const failed = notDemanded
    .filter((name) => failing.has(name))
    .map((name) => `\`${name}\` (${direct.unscored[name]})`);
  const rows = [...through].flatMap(([eras, report]) =>
    differences(direct, report).map(([check, before, after]) => `| ${eras} | \`${check}\` | ${before} | ${after} |\n`),
  );
  const demanded = scenarios.size - notDemanded.length;
  return [
    `\n## ${requirements}${resumable ? ", streams that can be taken up again" : ""}\n\n`,
    `${Object.keys(direct.checks).length} checks in ${scenarios.size} scenarios, of which ${demanded} are demanded. `,
    `Beside them the server passes ${passedToo.join(", ") || "none"}`,
    failed.length === 0 ? ".\n" : `, and does not pass, as it has no such extension, ${failed.join(", ")}.\n`,
    rows.length === 0
      ? "\nAll come out the same behind the gateway.\n"
      : `\nWhat comes out otherwise behind the gateway, by the eras of the server:\n\n| Eras | Check | Direct | Behind the gateway |\n| --- | --- | --- | --- |\n${rows.join("")}`,
  ].join("");
}
