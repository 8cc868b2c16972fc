import { shareOf } from "@mcp-hangar/core";
import { AUDIT_CATEGORIES, AUDIT_OUTCOMES, AUDIT_TYPES } from "@mcp-hangar/telemetry";
import { z } from "zod";
import { Turns } from "../../http/turns.ts";
import { type Operation, operation, operationFailure } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { isVisible } from "./audit-visibility.ts";

const PERMISSION = "audit:read";
const TYPES = Object.keys(AUDIT_TYPES) as [string, ...string[]];

const text = z.string().min(1).max(500);
const time = z.iso.datetime({ offset: true });
const sequence = z.int().min(0);

const auditQuery = z.object({
  type: z.array(z.enum(TYPES)).max(100).optional().describe("Only records of these types."),
  category: z.array(z.enum(AUDIT_CATEGORIES)).max(20).optional().describe("Only records of these categories."),
  outcome: z.array(z.enum(AUDIT_OUTCOMES)).max(10).optional().describe("Only what ended so."),
  min_severity: z.int().min(0).max(10).optional().describe("Only records of this severity and above."),
  caller: text.optional().describe("Only what this caller did: a name, or a credential as records have it."),
  server: text.optional().describe("Only what is about this server or group."),
  target: text.optional().describe("Only what is about this tool, URI, prompt or key."),
  id: text.optional().describe("Only records with this id of an event, a trace, a batch or a session."),
  since: time.optional().describe("Only records from this time on, such as 2026-01-31T08:00:00Z."),
  until: time.optional().describe("Only records before this time."),
  after: sequence.optional().describe("Only records after this number: `next_after` of the page before."),
  limit: z.int().min(1).max(1_000).default(100).describe("Records of one answer, at most."),
});

const auditRow = z.looseObject({
  sequence: z.int().positive().describe("Its number in the journal."),
  hash: z.string().describe("SHA-256 of its line in the journal, in hexadecimal."),
  id: z.string(),
  time: z.string(),
  type: z.string(),
  outcome: z.string(),
});

/** The records of the audit journal. Callers see of servers what their roles let them see. */
export function auditOperations(parts: ManagementParts): readonly Operation[] {
  const { access } = parts;
  /** A page is read from the disk, and most of it may be passed over: each caller waits for its own. */
  const turns = new Turns();
  return [
    operation({
      id: "listAuditRecords",
      title: "Read the audit journal",
      description:
        "Lists audit records, the oldest first: who did what, when, and how it ended. A page may be empty although there are more: go on with `next_after` until it is null.",
      permission: PERMISSION,
      effect: "read",
      tool: "hangar_audit",
      offered: () => parts.auditTrail !== undefined,
      route: { method: "GET", path: "/api/audit" },
      input: auditQuery,
      output: z.object({
        records: z.array(auditRow).describe("As docs/reference/audit.md describes them."),
        next_after: sequence.nullable().describe("Give this as `after` for the records after these; null at the end."),
      }),
      run: ({ after, limit, since, until, ...query }, { caller, signal }) =>
        turns.take(shareOf(caller), async () => {
          const { auditTrail } = parts;
          if (auditTrail === undefined) {
            const message = "no audit journal is kept; name a folder with compliance.journal.folder to keep one";
            return operationFailure("audit_disabled", 501, message);
          }
          if (signal.aborted) return operationFailure("cancelled", 503, "the client left before its turn came");
          const filter = {
            types: query.type,
            categories: query.category,
            outcomes: query.outcome,
            severityMin: query.min_severity,
            actor: query.caller,
            server: query.server,
            target: query.target,
            id: query.id,
            sinceMs: since === undefined ? undefined : Date.parse(since),
            untilMs: until === undefined ? undefined : Date.parse(until),
          };
          try {
            // What is not for the caller must not count: a page that it fills would tell that it is there.
            const { lines, nextAfter } = await auditTrail({
              filter,
              after,
              limit,
              isVisible: (record) => isVisible(record, caller, access),
            });
            return {
              records: lines.map(({ record, place }) => ({ ...record, ...place })),
              next_after: nextAfter ?? null,
            };
          } catch (error) {
            return operationFailure(
              "audit_unavailable",
              503,
              `the journal cannot be read: ${(error as Error).message}`,
            );
          }
        }),
    }),
  ];
}
