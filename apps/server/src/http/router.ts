import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, refusalAnswer, send, sendOptions } from "./answer.ts";
import type { McpEndpoint } from "./mcp-endpoint.ts";
import type { RequestGuard } from "./request-guard.ts";

/** Answers GET (and HEAD) of one path; `rest` is what follows the path of a prefix route. */
export type View = (request: IncomingMessage, rest: string) => Answer | Promise<Answer>;

export interface Routes {
  readonly guard: RequestGuard;
  /** Serves `/mcp` and `/servers/<id>/mcp`; absent on a listener that has only views. */
  readonly mcp?: McpEndpoint | undefined;
  /** By path; a path that ends in `/` takes everything below it. */
  readonly views: Readonly<Record<string, View>>;
  /** Told of a view that threw. */
  readonly onError: (error: unknown, path: string) => void;
}

const ALLOW = "GET, HEAD, OPTIONS";

/** Leads each request to its place. `/mcp` is tried first: that is where the traffic goes. */
export function createRouter({
  guard,
  mcp,
  views,
  onError,
}: Routes): (request: IncomingMessage, response: ServerResponse) => void {
  const byPath = new Map(Object.entries(views));
  const prefixes = [...byPath.keys()].filter((path) => path.endsWith("/"));
  const find = (path: string): readonly [View, string] | undefined => {
    const exact = byPath.get(path);
    if (exact !== undefined) return [exact, ""];
    const prefix = prefixes.find((candidate) => path.startsWith(candidate));
    const view = prefix === undefined ? undefined : byPath.get(prefix);
    return view === undefined || prefix === undefined ? undefined : [view, path.slice(prefix.length)];
  };

  return (request, response) => {
    const path = pathOf(request.url ?? "");
    const head = request.method === "HEAD";
    const target = mcp?.targetOf(path);
    const refusal = guard(request.headers);
    if (mcp !== undefined && target !== undefined) {
      if (refusal === undefined) mcp.handle(target, request, response);
      else mcp.refuse(response, refusal);
      return;
    }
    if (refusal !== undefined) return send(response, refusalAnswer(refusal), head);
    const found = find(path);
    if (found === undefined) {
      const message = `there is nothing at ${JSON.stringify(path.slice(0, 100))}`;
      return send(response, refusalAnswer({ status: 404, code: "not_found", message }), head);
    }
    if (request.method === "OPTIONS") return sendOptions(response, ALLOW);
    if (request.method !== "GET" && !head) {
      const message = `${request.method} is not possible here; use GET`;
      const headers = { allow: ALLOW };
      return send(response, refusalAnswer({ status: 405, code: "method_not_allowed", message, headers }));
    }
    void answer(found, request).then(
      (result) => send(response, result, head),
      (error: unknown) => {
        onError(error, path);
        const message = "this could not be answered because of an error in the gateway; its log says more";
        send(response, refusalAnswer({ status: 500, code: "internal", message }), head);
      },
    );
  };
}

/** A promise also when the view throws at once. */
async function answer([view, rest]: readonly [View, string], request: IncomingMessage): Promise<Answer> {
  return view(request, rest);
}

/** Without the query. A URL in absolute form gives no path: a gateway is no proxy for others. */
function pathOf(url: string): string {
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}
