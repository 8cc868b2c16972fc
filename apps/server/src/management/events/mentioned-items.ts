import type { Item } from "../../access/access.ts";
import { withoutPrefix } from "../../mcp/scope.ts";
import type { EventView } from "./event-view.ts";

/** The prompts, resources and templates that an event names: it is for nobody for whom one of them does not exist. */
export function mentionedItems({ type, server, fields }: EventView): readonly Item[] {
  const { method, subject } = fields;
  if (type !== "request.finished" || server === undefined || typeof subject !== "string") return [];
  const name = withoutPrefix(server, subject);
  switch (method) {
    case "prompts/get":
      return [{ kind: "prompts", name }];
    case "resources/read":
    case "resources/subscribe":
    case "resources/unsubscribe":
      return [{ kind: "resources", name }];
    case "completion/complete":
      // It may be either, and the event does not say which.
      return [
        { kind: "prompts", name },
        { kind: "resources", name },
      ];
    default:
      return [];
  }
}
