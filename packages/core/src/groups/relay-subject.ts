import { type Failure, failure } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../protocol/json-rpc.ts";
import type { ServerGroup } from "./server-group.ts";
import type { Subject } from "./subject.ts";

/**
 * What a request other than a tool call is about. Groups relay what reads and is over with its answer; what a server has
 * to remember (subscriptions, log levels) belongs to one server and is refused.
 */
export function relaySubject(
  group: ServerGroup,
  { method, params }: { readonly method: string; readonly params: JsonObject },
): { readonly subject: Subject } | Failure {
  switch (method) {
    case "prompts/get":
      return { subject: named("prompts", params.name) };
    case "resources/read":
      return { subject: named("resources", params.uri) };
    case "completion/complete": {
      const ref = isJsonObject(params.ref) ? params.ref : {};
      return { subject: typeof ref.uri === "string" ? named("resources", ref.uri) : named("prompts", ref.name) };
    }
    default: {
      const members = group.servers().map(({ id }) => `"${id}"`);
      const message = `${method} is for one server, and "${group.id}" is a group; ask one of its members`;
      return failure("invalid_request", `${message}: ${members.join(", ")}`);
    }
  }
}

function named(list: "prompts" | "resources", name: unknown): Subject {
  return typeof name === "string" ? { list, name } : undefined;
}
