import { type Failure, failure } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../protocol/json-rpc.ts";
import type { ServerGroup } from "./server-group.ts";
import type { Subject } from "./subject.ts";

/** A request that is no tool call, with its names as the server spells them. */
interface RelayedRequest {
  readonly method: string;
  readonly params: JsonObject;
}

/** The prompt, resource or template that a request is about; `undefined` when it is about none. */
export function relayedItem({ method, params }: RelayedRequest): Subject {
  switch (method) {
    case "prompts/get":
      return named("prompts", params.name);
    case "resources/read":
    case "resources/subscribe":
    case "resources/unsubscribe":
      return named("resources", params.uri);
    case "completion/complete": {
      const ref = isJsonObject(params.ref) ? params.ref : {};
      const isPrompt = ref.type === "ref/prompt" || typeof ref.uri !== "string";
      return isPrompt ? named("prompts", ref.name) : named("resources", ref.uri);
    }
    default:
      return undefined;
  }
}

/** What of a group's is asked for; groups relay what reads and is over with its answer. */
const RELAYED: ReadonlySet<string> = new Set(["prompts/get", "resources/read", "completion/complete"]);

/**
 * What a request to a group is about. What a server has to remember (subscriptions, log levels) belongs to one server and is
 * refused.
 */
export function relaySubject(group: ServerGroup, request: RelayedRequest): { readonly subject: Subject } | Failure {
  if (RELAYED.has(request.method)) return { subject: relayedItem(request) };
  const members = group.servers().map(({ id }) => `"${id}"`);
  const message = `${request.method} is for one server, and "${group.id}" is a group; ask one of its members`;
  return failure("invalid_request", `${message}: ${members.join(", ")}`);
}

function named(list: "prompts" | "resources", name: unknown): Subject {
  return typeof name === "string" ? { list, name } : undefined;
}
