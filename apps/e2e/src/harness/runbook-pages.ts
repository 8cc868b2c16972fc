import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../../../docs/runbooks/", import.meta.url));

/** A search of the gateway's log as a page prints it. */
export interface LogSearch {
  readonly filter: string;
  readonly events: readonly string[];
  readonly fields: readonly string[];
}

/** What the runbooks tell people to type and to look for. */
export interface RunbookPages {
  /** Lines for a shell, without those that only set up a file; each once. */
  readonly commands: readonly string[];
  readonly searches: readonly LogSearch[];
  /** Words in code font within sentences, with a page that has them. */
  readonly words: ReadonlyMap<string, string>;
}

/** Reads the pages that are committed. Throws when there are none. */
export function readRunbookPages(): RunbookPages {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".md"));
  if (names.length === 0) throw new Error(`there are no runbooks in ${FOLDER}: run pnpm build`);
  const pages = names.map((name) => [name, readFileSync(`${FOLDER}${name}`, "utf8")] as const);
  const commands = pages.flatMap(([, page]) => shellLines(page));
  const words = new Map(pages.flatMap(([name, page]) => codeWords(page).map((word) => [word, name] as const)));
  const typed = [...words.keys()].filter((word) => word.startsWith("mcp-hangar "));
  const filters = commands.flatMap((line) => /^jq -[cr] '([^']+)'/.exec(line)?.[1] ?? []);
  return {
    commands: [...new Set([...commands, ...typed])],
    searches: [...new Set(filters)].map(searchOf),
    words,
  };
}

/** The lines of all shell blocks; one that ends in a pipe is joined with the next. */
function shellLines(page: string): readonly string[] {
  return [...page.matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].flatMap(([, block = ""]) =>
    block.replaceAll("|\n", "|").split("\n"),
  );
}

function codeWords(page: string): readonly string[] {
  const prose = page.replaceAll(/^```\w*\n[\s\S]*?\n```$/gm, "").replaceAll(/<!--.*?-->/g, "");
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
}

function searchOf(filter: string): LogSearch {
  const events = [...filter.matchAll(/\.event == "(\w+)"/g)].map(([, event = ""]) => event);
  const fields = [...filter.replaceAll(/"[^"]*"/g, "").matchAll(/\.(\w+)/g)].map(([, field = ""]) => field);
  return { filter, events, fields: [...new Set(fields)] };
}
