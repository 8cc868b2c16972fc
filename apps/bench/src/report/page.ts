import { scenarios } from "../scenarios/index.ts";
import { type Figure, figuresOf, type Table, verdict } from "./figure.ts";
import type { KeptRun } from "./kept-run.ts";
import { short, targetText } from "./print.ts";

/** A kept run as a page of Markdown. */
export function pageOf(run: KeptRun): string {
  const { date, commit, machine, load, sections } = run;
  const figures = figuresOf(sections);
  const missed = figures.filter((figure) => verdict(figure).startsWith("short"));
  const aimed = figures.filter(({ target }) => target !== undefined).length;
  return `${[
    "# Performance",
    "What `pnpm bench` found in one run. This page is written by the bench from that run and is not written again with each build: " +
      "it tells of this commit on this machine. What each scenario does, and how it measures, is in [apps/bench](../apps/bench/README.md).",
    table({
      title: "",
      columns: ["", ""],
      rows: [
        ["date", date.replace("T", " ").replace("Z", " UTC")],
        ["commit of the gateway", commit],
        ["machine", `${machine.cpus} × ${machine.model}, ${machine.memoryGb} GB, ${machine.system}`],
        ["Node.js", machine.node],
        ["load", `${load.rounds} rounds of ${load.seconds} s, ${load.era} era, all on this machine`],
        ["busy before", `${machine.loadBefore} processes wanted a core in the minute before`],
      ],
    }),
    "## How to read it",
    [
      "- **Compare within the run**, not between machines: load generator, gateway and upstream share the cores. Ratios, CPU and megabytes carry over; calls a second and milliseconds do not.",
      "- **Medians over rounds.** Contenders take turns, and ratios are taken within a round first. Every answer was checked; a run with a wrong one has no figures.",
      "- **CPU** is what the operating system charged to the contender's processes, garbage collection included. A stdio child is not part of its gateway.",
      "- **RSS** is resident memory of the contender's processes without the upstream; idle is at rest after one call, peak the highest of ten readings a second under load. KB and MB are decimal.",
      "- **Start** is from the start of the process to the first answered call, with the handshakes of client and upstream.",
      "- **Targets** are the project's own. A figure without one is for orientation. `bare` and `sdk` run from TypeScript sources, which costs them some 40 MB and 50 ms.",
    ].join("\n"),
    "## Missed",
    missed.length === 0
      ? `None of ${aimed} targets.`
      : [`${missed.length} of ${aimed} targets.`, figureTable(missed, true)].join("\n\n"),
    ...sections.flatMap(({ scenario, tables, figures: found }) => [
      `## ${scenarios.find(({ name }) => name === scenario)?.title ?? scenario}`,
      `\`pnpm bench --only ${scenario}\``,
      ...tables.map((each) => `**${each.title}**\n\n${table(each)}`),
      ...(found.length === 0 ? [] : [figureTable(found)]),
    ]),
  ].join("\n\n")}\n`;
}

function figureTable(figures: readonly Figure[], onlyMissed = false): string {
  return table({
    title: "",
    columns: ["figure", "value", "target", onlyMissed ? "missed" : "", "id"],
    rows: figures.map((figure) => [
      figure.label,
      `${short(figure.value)} ${figure.unit}`.trim(),
      targetText(figure),
      onlyMissed ? verdict(figure).replace("short ", "") : verdict(figure),
      `\`${figure.id}\``,
    ]),
  });
}

function table({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n");
}
