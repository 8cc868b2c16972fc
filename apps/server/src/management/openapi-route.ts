import { type Answer, jsonAnswer } from "../http/answer.ts";
import type { Route } from "../http/route.ts";
import { OPENAPI_PATH, openApiDocument } from "./openapi.ts";
import type { Operation } from "./operation.ts";

/** `GET /api/openapi.json`, for everybody: it says nothing about this gateway that its documentation does not say. */
export function openApiRoute(operations: readonly Operation[]): Route {
  let answer: Answer | undefined;
  return {
    method: "GET",
    path: OPENAPI_PATH,
    permission: "public",
    handle() {
      answer ??= jsonAnswer(200, openApiDocument(operations));
      return answer;
    },
  };
}
