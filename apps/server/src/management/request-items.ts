import type { Item } from "../access/access.ts";
import { withoutPrefix } from "../mcp/scope.ts";

/** A finished request, as records have it. */
interface RecordedRequest {
  readonly server: string;
  readonly method: string;
  /** What it was about, as the caller typed it. */
  readonly subject: string;
}

/** The prompts, resources and templates that a record of a request names: it is for nobody for whom one of them does not exist. */
export function requestItems({ server, method, subject }: RecordedRequest): readonly Item[] {
  const name = withoutPrefix(server, subject);
  switch (method) {
    case "prompts/get":
      return [{ kind: "prompts", name }];
    case "resources/read":
    case "resources/subscribe":
    case "resources/unsubscribe":
      return [{ kind: "resources", name }];
    case "completion/complete":
      // It may be either, and the record does not say which.
      return [
        { kind: "prompts", name },
        { kind: "resources", name },
      ];
    default:
      return [];
  }
}
