import type { IncomingMessage } from "node:http";
import type { RequestOrigin } from "../http/client-address.ts";
import { authority, parseHost } from "../http/host-names.ts";
import type { JwtOptions } from "./options.ts";

/** Where RFC 9728 has clients look for what a resource says about itself; the path of the resource follows. */
export const METADATA_PATH = "/.well-known/oauth-protected-resource";

/** Paths that are resources of their own. Any id does: whether there is such a server is not told to strangers. */
const RESOURCE = /^\/(?:mcp|manage\/mcp|servers\/[a-z0-9_-]{1,63}\/mcp)$/;

/** What a client needs to know to get a token for a resource of this gateway. */
export interface ProtectedResource {
  /** The document for the resource at `path`, such as `/mcp`; `undefined` when there is no such resource. */
  document(request: IncomingMessage, path: string): object | undefined;
  /** The value of `WWW-Authenticate` for a refused request; `error` is a code of RFC 6750. */
  challenge(request: IncomingMessage, error?: "invalid_token" | "insufficient_scope"): string;
}

/** `publicUrl` is where clients reach the gateway, without a slash at the end; the request tells when it is absent. */
export function protectedResource(
  jwt: JwtOptions | undefined,
  origin: RequestOrigin,
  publicUrl: string | undefined,
): ProtectedResource {
  const baseOf = (request: IncomingMessage): string | undefined => {
    if (publicUrl !== undefined) return publicUrl;
    const host = parseHost(request.headers.host ?? "");
    if (host === undefined) return undefined;
    const { name, port } = host;
    const bracketed = name.includes(":") ? `[${name}]` : name;
    return `${origin.scheme(request)}://${port === undefined ? bracketed : authority(name, Number(port))}`;
  };
  return {
    document(request, path) {
      const base = baseOf(request);
      if (jwt === undefined || base === undefined || (path !== "" && !RESOURCE.test(path))) return undefined;
      return {
        resource: `${base}${path}`,
        authorization_servers: [jwt.issuer],
        bearer_methods_supported: ["header"],
        ...(jwt.required_scopes.length > 0 && { scopes_supported: jwt.required_scopes }),
        resource_name: "MCP Hangar",
      };
    },
    challenge(request, error) {
      const [path = ""] = (request.url ?? "").split("?", 1);
      const base = baseOf(request);
      const parts = ['realm="mcp-hangar"'];
      if (error !== undefined) parts.push(`error="${error}"`);
      if (jwt !== undefined && jwt.required_scopes.length > 0) parts.push(`scope="${jwt.required_scopes.join(" ")}"`);
      if (jwt !== undefined && base !== undefined) {
        parts.push(`resource_metadata="${base}${METADATA_PATH}${RESOURCE.test(path) ? path : ""}"`);
      }
      return `Bearer ${parts.join(", ")}`;
    },
  };
}
