/** How one quirk goes in one era: `true`, or what the client says. There is no SDK v1 of the modern era. */
export interface Cell {
  readonly v1: true | string | undefined;
  readonly v2: true | string;
  readonly ours: true | string;
  /** What the official clients make of it, where that is not the same each time. */
  readonly unsteady: string | undefined;
}

/** One quirk. An era in which it cannot occur is absent. */
export interface Row {
  readonly transport: "HTTP" | "HTTP+SSE" | "stdio";
  /** What is answered so. */
  readonly at: string;
  readonly name: string;
  readonly why: string | undefined;
  readonly legacy: Cell | undefined;
  readonly modern: Cell | undefined;
}

const INTRODUCTION = `# Servers that differ

<!-- Written by apps/e2e/test/quirks.test.ts from what it saw. Do not edit: run it with --update. -->

Real servers, and what stands in front of them, differ from the specification. Each row is a server that does so in one way, and each cell says
whether an official client finds its tool and calls it: **v1** and **v2** are the official TypeScript SDKs on that server without a gateway, **Hangar**
is the SDK v2 at the gateway in front of it. What works with either of them works behind the gateway, or the row says why not; much works there only.

| Transport | In answer to | What is strange | Legacy: v1 | v2 | Hangar | Modern: v2 | Hangar |
| --- | --- | --- | --- | --- | --- | --- | --- |
`;

const IN_ANSWER_TO: Readonly<Record<string, string>> = {
  all: "everything",
  start: "nothing",
  initialized: "`notifications/initialized`",
  stream: "GET, for the stream of the session",
  open: "GET, for the stream",
  post: "POST, at the address of the stream",
  posted: "every message",
};

/** Whether an official client may get along with the server itself. */
export function worksDirectly({ v1, v2, unsteady }: Cell): boolean {
  return v1 === true || v2 === true || unsteady !== undefined;
}

/** The page `docs/reference/quirks.md`. */
export function quirkTable(rows: readonly Row[]): string {
  return INTRODUCTION + rows.map(lineOf).join("");
}

function lineOf({ transport, at, name, why, legacy, modern }: Row): string {
  const cells = [
    transport,
    IN_ANSWER_TO[at] ?? `\`${at}\``,
    why === undefined ? inTable(name) : `${inTable(name)}; ${why}`,
    ...[legacy?.v1, legacy?.v2].map((outcome) => mark(outcome, legacy?.unsteady)),
    mark(legacy?.ours),
    mark(modern?.v2, modern?.unsteady),
    mark(modern?.ours),
  ];
  return `| ${cells.join(" | ")} |\n`;
}

function mark(outcome: true | string | undefined, unsteady?: string): string {
  if (outcome === undefined) return "–";
  if (unsteady !== undefined) return unsteady;
  return outcome === true ? "works" : "fails";
}

/** Tags would be HTML, and bars would be borders. */
function inTable(name: string): string {
  return name.replaceAll("<", "&lt;").replaceAll("|", "\\|");
}
