import { readFileSync } from "node:fs";

/** What the documentation promises of one type of event. */
export interface PromisedPlaces {
  readonly type: string;
  /** Names of its lines in the log. */
  readonly log: readonly string[];
  readonly metrics: readonly string[];
  readonly history: "call" | "request" | "line" | undefined;
  readonly audit: readonly string[];
}

const PAGE = new URL("../../../../docs/reference/facts.md", import.meta.url);

/** The table of the page `docs/reference/facts.md`, by type of event: what users are told, not what the code says of itself. */
export function factTable(): ReadonlyMap<string, PromisedPlaces> {
  const rows = readFileSync(PAGE, "utf8").split("\n");
  const places = rows.flatMap((row): readonly PromisedPlaces[] => {
    const [, , event = "", log = "", metrics = "", history = "", audit = ""] = row.split(" | ").flatMap(cellsOf);
    const [type] = codesIn(event);
    if (type === undefined) return [];
    const place = history === "call" || history === "request" || history === "line" ? history : undefined;
    return [{ type, log: codesIn(log), metrics: codesIn(metrics), history: place, audit: codesIn(audit) }];
  });
  return new Map(places.map((each) => [each.type, each]));
}

/** The first cell of a row begins with its border, and the last one ends with it. */
function cellsOf(cell: string): readonly string[] {
  return cell.startsWith("| ") ? ["", cell.slice(2)] : [cell.replace(/ \|$/, "")];
}

function codesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}
