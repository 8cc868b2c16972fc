import type { AuditRecord, Caller } from "@mcp-hangar/telemetry";
import type { Access } from "../../access/access.ts";
import { requestItems } from "../request-items.ts";

const PERMISSION = "audit:read";

/** Operations whose change is told in words that name other servers than the one it is about. */
const NAMING_OTHERS: ReadonlySet<string> = new Set(["setGroupRotation", "reloadConfig"]);

/** Whether a caller may see everything that a record names: servers, members of groups, tools, prompts, resources. */
export function isVisible(
  { type, action, target, change, attempts = [] }: AuditRecord,
  caller: Caller,
  access: Access,
): boolean {
  const { kind, server, group, name } = target;
  const servers = [server, group, ...attempts.map((attempt) => attempt.server)].filter((each) => each !== undefined);
  if (!servers.every((each) => access.reaches(caller, each, PERMISSION))) return false;
  // Their texts name any server, and any tool.
  const isOfMany =
    kind === "configuration" ||
    type === "server.tools_changed" ||
    (kind === "management" && change !== undefined && NAMING_OTHERS.has(action));
  if (isOfMany) return access.reachesAll(caller, PERMISSION);
  // Operations name servers as what they are about.
  if (kind === "management") return name === undefined || access.reaches(caller, name, PERMISSION);
  if (server === undefined || name === undefined) return true;
  if (kind === "tool") return access.admits(caller, server, name, PERMISSION);
  // As it was typed: at the endpoint for all servers with the server before it.
  const items = requestItems({ server, method: action, subject: name });
  return items.every((item) => access.shows(caller, server, item, PERMISSION));
}
