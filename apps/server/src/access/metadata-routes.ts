import { type Answer, jsonAnswer, refusalAnswer } from "../http/answer.ts";
import type { Route, RouteRequest } from "../http/route.ts";
import { METADATA_PATH, type ProtectedResource } from "./protected-resource.ts";

/** The documents by which a client without a token finds out where to get one (RFC 9728). */
export function metadataRoutes(resource: ProtectedResource): readonly Route[] {
  const route = (path: string, pathOf: (params: RouteRequest["params"]) => string): Route => ({
    method: "GET",
    path: `${METADATA_PATH}${path}`,
    permission: "public",
    handle: ({ http, params }) => answer(resource.document(http, pathOf(params))),
  });
  return [
    route("", () => ""),
    route("/mcp", () => "/mcp"),
    route("/manage/mcp", () => "/manage/mcp"),
    route("/servers/{server}/mcp", ({ server = "" }) => `/servers/${server}/mcp`),
  ];
}

function answer(document: object | undefined): Answer {
  if (document !== undefined) return jsonAnswer(200, document);
  const message = "there is no issuer of tokens for this resource; API keys come from whoever runs the gateway";
  return refusalAnswer({ status: 404, code: "not_found", message });
}
