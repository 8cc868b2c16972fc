import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestHandler } from "./connection.ts";

const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE";
/** Request headers that pages may send. Those of MCP are many (`Mcp-Param-…`) and share a prefix. */
const HEADERS =
  /^(?:authorization|x-api-key|content-type|accept|last-event-id|traceparent|tracestate|mcp-[a-z0-9-]{1,100})$/;
const HEADERS_MAX = 50;
const EXPOSED = "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Retry-After";
/** How long a browser may remember the answer to a preflight, in seconds: Chromium keeps none longer. */
const MAX_AGE_S = 7_200;

/**
 * Lets pages of the listed origins, and of no other, read what the gateway answers. Credentials travel in headers that a
 * page has to set itself, so `Access-Control-Allow-Credentials` is never sent. Without origins this is `handler` itself.
 */
export function withCors(allowedOrigins: readonly string[], handler: RequestHandler): RequestHandler {
  if (allowedOrigins.length === 0) return handler;
  const origins = new Set(allowedOrigins.map((origin) => new URL(origin).origin));
  return (request, response) => {
    const { origin } = request.headers;
    // What is answered depends on it, even when it is absent: caches must know.
    response.setHeader("vary", "Origin");
    if (origin === undefined || !origins.has(origin)) return handler(request, response);
    response.setHeader("access-control-allow-origin", origin);
    if (request.method === "OPTIONS" && request.headers["access-control-request-method"] !== undefined) {
      return preflight(request, response);
    }
    response.setHeader("access-control-expose-headers", EXPOSED);
    handler(request, response);
  };
}

/** Says what a page may send. It is asked before the request, and without credentials. */
function preflight(request: IncomingMessage, response: ServerResponse): void {
  const asked = (request.headers["access-control-request-headers"] ?? "").split(",", HEADERS_MAX);
  const allowed = asked.map((name) => name.trim().toLowerCase()).filter((name) => HEADERS.test(name));
  response.writeHead(204, {
    vary: "Origin, Access-Control-Request-Headers",
    "access-control-allow-methods": METHODS,
    "access-control-max-age": String(MAX_AGE_S),
    ...(allowed.length > 0 && { "access-control-allow-headers": allowed.join(", ") }),
  });
  response.end();
}
