import type { Upstream } from "../gateways/contenders.ts";
import { modernRequest } from "../load/modern-request.ts";

/** A large fleet: its servers, and the tools of each. */
export const servers = 100;
export const toolsPerServer = 50;
/** Tools of the lean upstream besides `echo` and `blob`, so that it has {@link toolsPerServer}. */
export const extraTools: number = toolsPerServer - 2;

/** So many servers that are all one lean upstream, each under an address of its own. */
export function fleetOf(count: number, leanUrl: string): Record<string, Upstream> {
  const entries = Array.from({ length: count }, (_, n): [string, Upstream] => [
    serverName(n),
    { kind: "http", endpoint: `${leanUrl}/mcp/${n}` },
  ]);
  return Object.fromEntries(entries);
}

/** The id of a server of the fleet. */
export function serverName(n: number): string {
  return `s${n}`;
}

/** Walks the whole merged list, page after page; how many tools of the fleet it has, beside the gateway's own. Throws when a page is no list. */
export async function listEveryTool(url: string): Promise<number> {
  let tools = 0;
  let cursor: string | undefined;
  do {
    const params = cursor === undefined ? {} : { cursor };
    const answer = await modernRequest(url, "tools/list", params, AbortSignal.timeout(60_000));
    const page = pageOf(await answer.text());
    tools += page.tools.filter(({ name }) => /^s\d+__/.test(name)).length;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

interface Page {
  readonly tools: readonly { readonly name: string }[];
  readonly nextCursor?: string;
}

function pageOf(body: string): Page {
  // The gateway's own answer, which its tests hold to the schema.
  const { result } = JSON.parse(body) as { readonly result?: Page };
  if (!Array.isArray(result?.tools)) throw new Error(`tools/list was answered with ${body.slice(0, 300)}`);
  return result;
}
