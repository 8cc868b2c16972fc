import { isTaskOnly, type ListItems, type ListKind, RPC } from "@mcp-hangar/core";
import { type Answer, answerOf, errorAnswer } from "../answer.ts";
import type { ClientRequest } from "../client-request.ts";
import type { Endpoint } from "../endpoint.ts";
import { cacheable } from "../era-translation.ts";
import { type ListPart, mergedList, page, startOf } from "../listing.ts";

/** By lists as servers gave them: what of them clients without tasks may call. */
const callable = new WeakMap<ListItems, ListItems>();

/** The tools of a part but for those that can be called as tasks only. */
function withoutTaskOnly(part: ListPart): ListPart {
  const { items } = part;
  const known = callable.get(items);
  const found = known ?? (items.some(isTaskOnly) ? items.filter((item) => !isTaskOnly(item)) : items);
  if (known === undefined) callable.set(items, found);
  return { ...part, items: found };
}

/** The handler of one of the four list methods. */
export function listMethod(list: ListKind): (endpoint: Endpoint, request: ClientRequest) => Promise<Answer> {
  return async (endpoint, request) => {
    // What is known is answered from memory, and costs no server anything.
    const { scope, gateway } = endpoint;
    const isFetched = scope.entries(request.caller).some(({ catalog }) => catalog.known(list) === undefined);
    const refusal = isFetched ? gateway.admitRequest(request.caller) : undefined;
    if (refusal !== undefined) return answerOf(refusal);
    const merged = await mergedList(endpoint.scope, list, request);
    if (merged.kind === "failure") return endpoint.failed(merged, request.caller);
    request.session?.listed.add(list);
    const { cursor } = request.params;
    const own = list === "tools" ? (endpoint.management?.definitionsFor(request.caller) ?? []) : [];
    const takesTasks = request.session?.takesTasks === true;
    const shown = list === "tools" && !takesTasks ? merged.parts.map(withoutTaskOnly) : merged.parts;
    const parts = [{ id: undefined, naming: "", items: own }, ...shown];
    const { era } = request;
    const start = startOf(cursor);
    const write = (from: number) => {
      const written = page(list, parts, { scope, era, start: from });
      return written && era === "modern" ? { resultType: "complete", ...cacheable(written) } : written;
    };
    // Clients may send anything as a cursor: a page is known by where it begins.
    const result =
      start === undefined
        ? undefined
        : endpoint.pages.of(`${era} ${takesTasks} ${list} ${start}`, parts, () => write(start));
    if (result === undefined) return errorAnswer(RPC.invalidParams, `invalid cursor ${JSON.stringify(cursor)}`);
    return { kind: "result", result };
  };
}
