import type { AuditCategory, AuditRecord, AuditType } from "@mcp-hangar/telemetry";

/** A class of OCSF 1.9 and the activity of it that a record reports. */
export interface OcsfClass {
  readonly category: { readonly uid: number; readonly name: string };
  readonly uid: number;
  readonly name: "API Activity" | "Authentication" | "Application Lifecycle" | "Base Event";
  readonly activity: { readonly id: number; readonly name: string };
}

type ClassOnly = Omit<OcsfClass, "activity">;

const API_ACTIVITY: ClassOnly = {
  category: { uid: 6, name: "Application Activity" },
  uid: 6_003,
  name: "API Activity",
};
const AUTHENTICATION: ClassOnly = {
  category: { uid: 3, name: "Identity & Access Management" },
  uid: 3_002,
  name: "Authentication",
};
const APPLICATION_LIFECYCLE: ClassOnly = {
  category: { uid: 6, name: "Application Activity" },
  uid: 6_002,
  name: "Application Lifecycle",
};
const BASE_EVENT: ClassOnly = { category: { uid: 0, name: "Uncategorized" }, uid: 0, name: "Base Event" };

/** The activities of Application Lifecycle; of what stands nowhere here the action is the activity. */
const LIFECYCLE: Partial<Readonly<Record<AuditType, OcsfClass["activity"]>>> = {
  "server.registered": { id: 1, name: "Install" },
  "server.removed": { id: 2, name: "Remove" },
  "server.start_failed": { id: 3, name: "Start" },
  "server.stopped": { id: 4, name: "Stop" },
  "server.tools_changed": { id: 8, name: "Update" },
  "configuration.reloaded": { id: 8, name: "Update" },
  "configuration.reload_failed": { id: 8, name: "Update" },
  "gateway.started": { id: 3, name: "Start" },
  "gateway.stopped": { id: 4, name: "Stop" },
};

/** What the gateway reads for its caller; whether a tool reads, writes or deletes nobody can know. */
const READS = /^(?:resources|prompts|tools)\/(?:read|get|list|templates\/list)$/;

/** The class of a record. One of a category that only another release knows is a Base Event. */
export function ocsfClass(record: AuditRecord): OcsfClass {
  const category: AuditCategory = record.category;
  switch (category) {
    case "tool":
    case "request":
    case "management":
    case "access": {
      const isRead = READS.test(record.action);
      return { ...API_ACTIVITY, activity: isRead ? { id: 2, name: "Read" } : other(record) };
    }
    case "session":
    case "authentication": {
      const isEnd = record.type === "session.closed";
      return { ...AUTHENTICATION, activity: isEnd ? { id: 2, name: "Logoff" } : { id: 1, name: "Logon" } };
    }
    case "server":
    case "configuration":
    case "gateway":
      return { ...APPLICATION_LIFECYCLE, activity: LIFECYCLE[record.type] ?? other(record) };
    default:
      return { ...BASE_EVENT, activity: other(record) };
  }
}

/** 99 has the name that the source gives. */
function other({ action }: AuditRecord): OcsfClass["activity"] {
  return { id: 99, name: action };
}
