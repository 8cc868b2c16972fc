import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuditJournal, readTrail, type TrailQuery } from "@mcp-hangar/compliance";
import { nodePlatform } from "@mcp-hangar/core";
import {
  auditRecordOf,
  type Caller,
  type CallFinished,
  EventIds,
  type HangarEvent,
  registeredName,
} from "@mcp-hangar/telemetry";
import { sampleEvent } from "@mcp-hangar/telemetry/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Access, OPEN_ACCESS } from "../../access/access.ts";
import { createRoles } from "../../access/roles.ts";
import type { OperationContext } from "../operation.ts";
import type { ManagementParts } from "../parts.ts";
import { auditOperations } from "./audit.ts";

const auditor: Caller = { type: "api_key", id: registeredName("ann"), roles: ["some"], credential: "api_key:ann" };

/** What is hidden from the auditor has `hidden` in its name. */
const RULES = {
  permissions: ["audit:read" as const],
  tools: { allow: ["open*", "team"], deny: ["open/hidden"] },
  resources: { deny: ["open/memo://hidden*"] },
  prompts: { deny: ["open/hidden"] },
};

const open = registeredName("open");
const hidden = registeredName("hidden");

function asked(method: "resources/read" | "prompts/get" | "completion/complete", subject: string): HangarEvent {
  const usual = { ...sampleEvent("request.finished"), attempts: [] as const };
  return { ...usual, method, server: open, subject } as HangarEvent;
}

function called(server: typeof open, tool: string): CallFinished {
  const usual = { ...sampleEvent("call.finished"), attempts: [], group: undefined };
  return { ...usual, server, tool: registeredName(tool), requestedTool: tool };
}

function operated(target: string | undefined, operation = "stopServer", after?: string): HangarEvent {
  const change = after === undefined ? undefined : { before: undefined, after };
  return { ...sampleEvent("operation.finished"), operation: registeredName(operation), target, change };
}

/** Every kind of thing that an event can be about, once that the auditor reaches and once that it does not. */
const SHOWN: readonly HangarEvent[] = [
  called(open, "add"),
  asked("resources/read", "memo://open"),
  asked("resources/read", "hangar://open/memo://open"),
  asked("prompts/get", "open__greet"),
  asked("completion/complete", "greet"),
  operated("open"),
  operated("open", "startServer", "ready"),
  operated(undefined, "reloadConfig"),
  { ...sampleEvent("server.stopped"), server: open },
];
const HIDDEN: readonly HangarEvent[] = [
  called(hidden, "add"),
  called(open, "hidden"),
  { ...called(open, "add"), group: hidden },
  {
    ...called(open, "add"),
    attempts: sampleEvent("call.finished").attempts.map((attempt) => ({ ...attempt, server: hidden })),
  },
  asked("resources/read", "memo://hidden"),
  asked("resources/read", "hangar://open/memo://hidden/1"),
  asked("prompts/get", "hidden"),
  asked("prompts/get", "open__hidden"),
  asked("completion/complete", "open__hidden"),
  asked("completion/complete", "hangar://open/memo://hidden"),
  operated("hidden"),
  { ...sampleEvent("server.stopped"), server: hidden },
  { ...sampleEvent("config.reloaded"), message: "added: hidden" },
  operated("team", "setGroupRotation", '"hidden" taken out of rotation'),
  operated(undefined, "reloadConfig", "added: hidden"),
  {
    ...sampleEvent("server.tools_changed"),
    server: open,
    changes: [{ tool: registeredName("hidden"), change: "added", digest: "sha256:0" }],
  },
];

let folder: string;
let journal: AuditJournal;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hangar-audit-"));
  const { clock } = nodePlatform;
  const random = () => nodePlatform.random();
  const ids = new EventIds("run");
  const checkpoint = { records: 1_000_000, intervalMs: 1e9 };
  const common = { folder, consumers: [], instance: "run", ids, clock, random };
  journal = new AuditJournal({ ...common, checkpoint, waitMs: 60_000 });
  await journal.open();
  // Between any two that are shown is each that is hidden.
  const events = SHOWN.flatMap((shown) => [...HIDDEN, shown, ...HIDDEN]);
  const records = events.flatMap(
    (event) => auditRecordOf({ ...event }, { id: ids.of({ ...event }), instance: "run" }) ?? [],
  );
  const kept = await Promise.all(records.map((record) => journal.record(record)));
  expect(kept).toEqual(events.map(() => true));
});
afterAll(async () => {
  await journal.close(60_000);
  rmSync(folder, { recursive: true, force: true });
});

/** One page as the auditor gets it. */
async function page(query: object, access: Access): Promise<{ records: readonly object[]; next_after: number | null }> {
  const auditTrail = (asks: TrailQuery) => readTrail(folder, asks);
  // What is asked for here reads the trail and asks who reaches what.
  const [list] = auditOperations({ auditTrail, access } as unknown as ManagementParts);
  const context = {
    caller: auditor,
    signal: new AbortController().signal,
    door: "rest",
    relay: {},
  } as OperationContext;
  const answer = await list?.perform(query, context);
  if (answer === undefined || !("records" in answer)) throw new Error(`no page: ${JSON.stringify(answer)}`);
  return answer as Awaited<ReturnType<typeof page>>;
}

async function pages(query: object, access: Access): Promise<readonly (readonly object[])[]> {
  const found: (readonly object[])[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const { records, next_after: next } = await page({ ...query, after }, access);
    found.push(records);
    after = next;
  }
  return found;
}

describe("the audit trail, for whoever does not reach everything", () => {
  const limited: Access = { ...OPEN_ACCESS, ...createRoles({ some: RULES }) };
  const whole: Access = { ...OPEN_ACCESS, ...createRoles({ some: { permissions: ["audit:read"] } }) };

  it("has all that it reaches and no word of the rest", async () => {
    const text = JSON.stringify((await pages({}, limited)).flat());
    expect(text).not.toContain("hidden");
    const all = (await pages({}, whole)).flat();
    expect(JSON.stringify(all)).toContain("hidden");
    const shown = all.filter((record) => !JSON.stringify(record).includes("hidden"));
    expect((await pages({}, limited)).flat()).toEqual(shown);
    expect(shown.length).toBeGreaterThan(SHOWN.length);
  });

  it("looks, page by page and with any filter, as if the rest was not there", async () => {
    for (const limit of [1, 2, 3, 50]) {
      const sizes = (await pages({ limit }, limited)).map((records) => records.length);
      expect(
        sizes.slice(0, -1).every((size) => size === limit),
        `${limit}: ${sizes.join()}`,
      ).toBe(true);
    }
    const about = [
      { server: "hidden" },
      { target: "hidden" },
      { target: "memo://hidden" },
      { target: "open__hidden" },
      { type: ["configuration.reloaded"] },
      { type: ["server.tools_changed"] },
    ];
    for (const filter of about) {
      expect((await page({ ...filter, limit: 1 }, whole)).records, JSON.stringify(filter)).toHaveLength(1);
      const nothing = { records: [], next_after: null };
      expect(await page({ ...filter, limit: 1 }, limited), JSON.stringify(filter)).toEqual(nothing);
      // The same for what never was.
      expect(await page({ ...filter, server: "never", limit: 1 }, limited)).toEqual(nothing);
    }
  });
});
