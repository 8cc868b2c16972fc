import type { ManagedServer } from "../lifecycle/managed-server.ts";

/** What a request is about, as far as that decides who can serve it. */
export type Subject =
  | {
      readonly list: "tools" | "prompts" | "resources";
      /** Name or URI. */
      readonly name: string;
    }
  | undefined;

/**
 * Those who can serve the request. What the rules of a member hide is never asked of it, nor is a tool that it is known not
 * to offer; a member that was never listed may offer anything. Prompts and resources need not be listed to exist (templates), so if nobody lists
 * them, anybody may be asked.
 */
export function mayServe<C extends { readonly server: ManagedServer }>(
  subject: Subject,
  candidates: readonly C[],
): readonly C[] {
  if (subject === undefined) return candidates;
  const { list, name } = subject;
  if (list === "tools") return candidates.filter(({ server }) => !server.catalog.lacks(name));
  const key = list === "prompts" ? "name" : "uri";
  const showing = candidates.filter(({ server }) => !server.catalog.hides(list, name));
  const listing = showing.filter(
    ({ server }) => server.catalog.known(list)?.some((item) => item[key] === name) ?? true,
  );
  return listing.length > 0 ? listing : showing;
}
