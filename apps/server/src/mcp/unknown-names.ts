import { LISTS, type ListKind } from "@mcp-hangar/core";
import { type Caller, shortText } from "@mcp-hangar/telemetry";
import { nearest } from "../nearest.ts";
import { textOf } from "../text-of.ts";
import type { Endpoint } from "./endpoint.ts";
import type { NamedList } from "./qualified-names.ts";

/** Names that a suggestion is looked for among: to compare them with what somebody typed takes a turn of the event loop. */
const COMPARED_MAX = 1_000;
/** Characters of a name that a message repeats: a caller can type megabytes. */
const SHOWN_CHARS_MAX = 200;

/** What a client named that does not exist for its caller. */
interface Unknown {
  readonly list: NamedList;
  /** As the client spells it. */
  readonly name: string;
}

/**
 * Says that there is no such tool or prompt, in the names of this endpoint, with the one that was most likely meant. Only
 * what the caller may see is suggested, so that the words are the same for what is hidden and for what never was.
 */
export function unknownName(endpoint: Endpoint, caller: Caller, unknown: Unknown): string {
  const suggestion = suggestionFor(endpoint, caller, unknown);
  const said = [
    `unknown ${unknown.list === "tools" ? "tool" : "prompt"} "${shortText(unknown.name, SHOWN_CHARS_MAX)}"`,
    formOf(endpoint, unknown),
    suggestion === undefined ? undefined : `did you mean "${suggestion}"?`,
  ];
  return said.filter((part) => part !== undefined).join("; ");
}

/** How names look here, where the one that was typed looks otherwise. */
function formOf({ scope, management }: Endpoint, { list, name }: Unknown): string | undefined {
  const what = list === "tools" ? "tool" : "prompt";
  switch (scope.kind) {
    case "none":
      return `the ${what}s of servers are at /mcp`;
    case "server":
      return undefined;
    case "all":
      if (management !== undefined && name.startsWith("hangar_")) {
        return "tools that manage the gateway are at /manage/mcp, and here if management.tools.on_mcp names them";
      }
      return scope.resolve(name, list).server === "" ? `names here are <server>__<${what}>` : undefined;
  }
}

function suggestionFor(endpoint: Endpoint, caller: Caller, { list, name }: Unknown): string | undefined {
  const names = namesFor(endpoint, caller, list);
  // The name alone, or the name with the prefix of another endpoint.
  const [wanted] = names.filter(({ own }) => own !== "" && (own === name || name.endsWith(`__${own}`)));
  return wanted?.here ?? nearest(name, [...names.map(({ here }) => here), ...ownTools(endpoint, caller, list)]);
}

/** The names that a caller sees of the lists that are known, as this endpoint and as their servers have them. */
function namesFor(
  { scope }: Endpoint,
  caller: Caller,
  list: NamedList,
): readonly { readonly here: string; readonly own: string }[] {
  const { identity } = LISTS[list];
  const names: { readonly here: string; readonly own: string }[] = [];
  for (const { id, catalog } of scope.entries(caller)) {
    for (const item of catalog.known(list) ?? []) {
      if (names.length >= COMPARED_MAX) return names;
      const own = textOf(item[identity]);
      if (scope.shows(caller, id, list, own)) names.push({ here: scope.qualify(id, list, own), own });
    }
  }
  return names;
}

function ownTools({ management }: Endpoint, caller: Caller, list: ListKind): readonly string[] {
  return list === "tools" ? (management?.definitionsFor(caller) ?? []).map(({ name }) => textOf(name)) : [];
}
