import { join } from "node:path";
import { type AuditJournal, type JournalFinding, readJournal, verifyJournal } from "@mcp-hangar/compliance";
import type { Clock } from "@mcp-hangar/delivery";
import { nodeFiles, type SpoolFiles } from "@mcp-hangar/delivery/spool";
import { FakeClock, MemoryFiles, settle } from "@mcp-hangar/delivery/testing";
import { poll } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { surviveLives } from "./lives.ts";
import { callEvent, callRecord, collect, openJournal, temporaryFolder } from "./support.ts";

async function verify(folder: string, files: MemoryFiles): Promise<readonly JournalFinding[]> {
  return collect(verifyJournal(folder, { files }));
}

const problemsOf = (findings: readonly JournalFinding[]) => findings.filter(({ kind }) => kind === "problem");
const gapsOf = (findings: readonly JournalFinding[]) =>
  findings.flatMap((finding) => (finding.kind === "gap" ? [finding.gap] : []));
const idsOf = async (folder: string, files: MemoryFiles): Promise<readonly string[]> => {
  const lines = await collect(readJournal(folder, { files }));
  return lines.flatMap(({ record }) => (record.category === "tool" ? [record.id] : []));
};
/** Every record that was taken is on the disk, dropped or queued. */
function accounted(journal: AuditJournal, taken: number): void {
  const { delivered, dropped, queueSize } = journal.snapshot();
  const all = Object.values(dropped).reduce((sum, count) => sum + count, 0) + delivered + queueSize;
  expect(all).toBe(taken);
}

describe("a full disk", () => {
  test("loses what memory cannot hold, says so in the chain once there is room, and goes on", async () => {
    using folder = temporaryFolder();
    const files = new MemoryFiles();
    const memory = { recordsMax: 50, bytesMax: 1e9 };
    const journal = await openJournal(folder.path, { memory }, files);
    for (let call = 1; call <= 10; call++) journal.listener(callEvent(`before-${call}`));
    await poll("the records to be written", () => journal.snapshot().queueSize === 0);
    files.isFull = true;
    for (let call = 1; call <= 80; call++) journal.listener(callEvent(`during-${call}`));
    await poll("a failed write", () => (journal.snapshot().failures.io ?? 0) > 2);
    expect(journal.health().status).toBe("degraded");
    expect(journal.snapshot()).toMatchObject({ queueSize: 50, dropped: { queue_full: 30 } });
    files.isFull = false;
    await poll("what waited to be written", () => journal.snapshot().queueSize === 0);
    expect(journal.health().status).toBe("healthy");
    await journal.close(60_000);
    accounted(journal, 90);
    const findings = await verify(folder.path, files);
    expect(problemsOf(findings)).toEqual([]);
    expect(gapsOf(findings)).toMatchObject([{ reason: "queue_full", count: 30, since: expect.any(String) }]);
    expect(await idsOf(folder.path, files)).toEqual([
      ...Array.from({ length: 10 }, (_each, index) => `before-${index + 1}`),
      ...Array.from({ length: 50 }, (_each, index) => `during-${index + 1}`),
    ]);
  });

  test("and a flood of refused calls costs the flood its records, and nobody else theirs", async () => {
    using folder = temporaryFolder();
    const files = new MemoryFiles();
    const journal = await openJournal(folder.path, { memory: { recordsMax: 50, bytesMax: 1e9 } }, files);
    files.isFull = true;
    for (let call = 1; call <= 10; call++) journal.listener(callEvent(`call-${call}`));
    await poll("a failed write", () => (journal.snapshot().failures.io ?? 0) > 0);
    const refused = { status: "rejected", reason: "access_denied", message: "no" } as const;
    for (let call = 1; call <= 500; call++) journal.listener({ ...callEvent(`flood-${call}`), outcome: refused });
    for (let call = 11; call <= 20; call++) journal.listener(callEvent(`call-${call}`));
    files.isFull = false;
    await poll("what waited to be written", () => journal.snapshot().queueSize === 0);
    await journal.close(60_000);
    accounted(journal, 520);
    const ids = await idsOf(folder.path, files);
    expect(ids.filter((id) => id.startsWith("call-"))).toHaveLength(20);
    const gaps = gapsOf(await verify(folder.path, files));
    expect(gaps).toMatchObject([{ reason: "queue_full", count: 520 - ids.length }]);
  });

  test("at the start and at the end of a journal holds nobody, and what was in memory is counted", async () => {
    using folder = temporaryFolder();
    const files = new MemoryFiles();
    await (await openJournal(folder.path, {}, files)).close(60_000);
    files.isFull = true;
    const journal = await openJournal(folder.path, {}, files);
    journal.listener(callEvent("lost"));
    await journal.close(200);
    accounted(journal, 1);
    expect(journal.snapshot().dropped.shutdown).toBe(1);
    files.isFull = false;
    const next = await openJournal(folder.path, {}, files);
    await next.close(60_000);
    const findings = await verify(folder.path, files);
    expect(problemsOf(findings)).toEqual([]);
  });
});

test("a folder that may not be written any more loses what memory cannot hold, and nothing once it may be", async () => {
  using folder = temporaryFolder();
  let mayWrite = true;
  const files: SpoolFiles = {
    ...nodeFiles,
    async create(path) {
      if (!mayWrite) throw Object.assign(new Error("permission denied"), { code: "EACCES" });
      const file = await nodeFiles.create(path);
      return {
        ...file,
        append: async (bytes) => {
          if (!mayWrite) throw Object.assign(new Error("permission denied"), { code: "EACCES" });
          await file.append(bytes);
        },
      };
    },
  };
  const journal = await openJournal(folder.path, { memory: { recordsMax: 10, bytesMax: 1e9 } }, files);
  mayWrite = false;
  for (let call = 1; call <= 15; call++) journal.listener(callEvent(`call-${call}`));
  await poll("a failed write", () => (journal.snapshot().failures.io ?? 0) > 0);
  expect(journal.health().status).toBe("degraded");
  mayWrite = true;
  await poll("what waited to be written", () => journal.snapshot().queueSize === 0);
  await journal.close(60_000);
  accounted(journal, 15);
  const findings = await collect(verifyJournal(folder.path));
  expect(problemsOf(findings)).toEqual([]);
  expect(gapsOf(findings)).toMatchObject([{ reason: "queue_full", count: 5 }]);
});

test("a disk that hangs holds neither calls that need not wait, nor those that must for long, nor the end", async () => {
  using folder = temporaryFolder();
  const files = new MemoryFiles();
  const journal = await openJournal(folder.path, { mode: "fail_closed", waitMs: 100 }, files);
  files.pace = () => new Promise(() => {});
  expect(await journal.record(callRecord("1"))).toBe(false);
  // The answer is withheld.
  expect(await journal.end(callEvent("2"))).toMatchObject({
    message: expect.stringContaining("does not take records"),
  });
  await journal.close(50);
  expect(journal.snapshot()).toMatchObject({ delivered: 0, queueSize: 0, dropped: { shutdown: 2 } });
});

test("a record that cannot be JSON is dropped, counted and told of; those beside it are kept", async () => {
  using folder = temporaryFolder();
  const files = new MemoryFiles();
  const journal = await openJournal(folder.path, {}, files);
  const written = await Promise.all([
    journal.record(callRecord("good-1")),
    journal.record({ ...callRecord("bad"), duration_ms: Number.NaN }),
    journal.record({ ...callRecord("large"), message: "x".repeat(20_000_000) }),
    journal.record(callRecord("good-2")),
  ]);
  expect(written).toEqual([true, false, false, true]);
  await journal.close(60_000);
  expect(journal.snapshot()).toMatchObject({ delivered: 2, dropped: { rejected: 2 } });
  const findings = await verify(folder.path, files);
  expect(problemsOf(findings)).toEqual([]);
  const told = gapsOf(findings).map(({ reason, count = 0 }) => ({ reason, count }));
  expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  expect(new Set(told.map(({ reason }) => reason))).toEqual(new Set(["rejected"]));
  expect(await idsOf(folder.path, files)).toEqual(["good-1", "good-2"]);
});

describe("a journal that reaches its size", () => {
  const bytesMax = 100_000;

  test("says first what it removes, and keeps the rest of the chain", async () => {
    using folder = temporaryFolder();
    const files = new MemoryFiles();
    const journal = await openJournal(folder.path, { bytesMax, consumers: ["sink"] }, files);
    for (let call = 1; call <= 400; call++) await journal.record(callRecord(`call-${call}`));
    expect((await journal.lag("sink")).records).toBeGreaterThan(400);
    await journal.close(60_000);
    expect(files.contents(".segment").length).toBeLessThanOrEqual(bytesMax + 30_000);
    const findings = await verify(folder.path, files);
    expect(problemsOf(findings)).toEqual([]);
    const [first] = await collect(readJournal(folder.path, { files }));
    const told = gapsOf(findings).map(({ reason, from, to = 0 }) => ({ reason, from, to }));
    expect(told.at(-1)).toEqual({ reason: "size", from: 1, to: (first?.sequence ?? 0) - 1 });
    expect((await idsOf(folder.path, files)).at(-1)).toBe("call-400");
  });

  test("and may remove nothing takes no more, and loses nothing of what it has", async () => {
    using folder = temporaryFolder();
    const files = new MemoryFiles();
    const journal = await openJournal(folder.path, { bytesMax, whenFull: "refuse", waitMs: 200 }, files);
    let call = 0;
    while (await journal.record(callRecord(`call-${call + 1}`))) call += 1;
    expect(call).toBeGreaterThan(30);
    await journal.close(500);
    const ids = await idsOf(folder.path, files);
    expect(ids).toEqual(Array.from({ length: call }, (_each, index) => `call-${index + 1}`));
    expect(problemsOf(await verify(folder.path, files))).toEqual([]);
  });
});

/** A clock whose time of day can be set; everything else is that of another. */
class SteppedClock implements Clock {
  stepMs = 0;
  readonly #clock: Clock;
  constructor(clock: Clock) {
    this.#clock = clock;
  }
  nowMs = (): number => this.#clock.nowMs();
  wallMs = (): number => this.#clock.wallMs() + this.stepMs;
  schedule: Clock["schedule"] = (delayMs, callback) => this.#clock.schedule(delayMs, callback);
  defer: Clock["defer"] = (callback) => this.#clock.defer(callback);
}

const DAY_MS = 86_400_000;

/** Fills several files with records of a time. */
async function fill(journal: AuditJournal, clock: Clock, name: string): Promise<void> {
  const time = new Date(clock.wallMs()).toISOString();
  const written = Array.from({ length: 60 }, (_each, index) => {
    return journal.record({ ...callRecord(`${name}-${index}`), time });
  });
  for (let turns = 0; turns < 400; turns++) await settle();
  expect(await Promise.all(written)).toEqual(written.map(() => true));
}

describe("retention", () => {
  const OPTIONS = { bytesMax: 10_000_000, segmentBytesMax: 16_384, retentionMs: 10 * DAY_MS, waitMs: 1e9 };

  async function advance(clock: FakeClock, ms: number): Promise<void> {
    await clock.advance(ms);
    for (let turns = 0; turns < 200; turns++) await settle();
  }

  test("removes what is old and was read by all, after the chain has said so", async () => {
    using folder = temporaryFolder();
    const files = new MemoryFiles();
    const clock = new FakeClock();
    const journal = await openJournal(folder.path, { ...OPTIONS, clock, consumers: ["sink"] }, files);
    const filling = fill(journal, clock, "old");
    await clock.advance(100);
    await filling;
    await advance(clock, 11 * DAY_MS);
    const again = fill(journal, clock, "new");
    await clock.advance(100);
    await again;
    await advance(clock, DAY_MS / 12);
    expect(await idsOf(folder.path, files)).toContain("old-0");
    const closing = journal.close(1_000);
    await advance(clock, 5_000);
    await closing;

    // Without the consumer, nobody needs the old ones any more.
    const next = await openJournal(folder.path, { ...OPTIONS, clock }, files);
    await advance(clock, DAY_MS / 12);
    const ending = next.close(1_000);
    await advance(clock, 5_000);
    await ending;
    const ids = await idsOf(folder.path, files);
    expect(ids).not.toContain("old-0");
    expect(ids.filter((id) => id.startsWith("new-"))).toHaveLength(60);
    const findings = await verify(folder.path, files);
    expect(problemsOf(findings)).toEqual([]);
    expect(gapsOf(findings)).toMatchObject([{ reason: "retention", from: 1 }]);
  });

  test.each([
    ["forward", 365 * DAY_MS],
    ["back", -365 * DAY_MS],
  ])("and the chain are not led astray by a clock that is set a year %s", async (_way, stepMs) => {
    using folder = temporaryFolder();
    const files = new MemoryFiles();
    const fake = new FakeClock();
    const clock = new SteppedClock(fake);
    const journal = await openJournal(folder.path, { ...OPTIONS, clock }, files);
    for (const name of ["before", "after"]) {
      const filling = fill(journal, clock, name);
      await fake.advance(100);
      await filling;
      clock.stepMs = stepMs;
      await advance(fake, DAY_MS / 12);
    }
    const closing = journal.close(1_000);
    await advance(fake, 5_000);
    await closing;
    const findings = await verify(folder.path, files);
    expect(problemsOf(findings)).toEqual([]);
    expect(gapsOf(findings)).toEqual([]);
    expect(await idsOf(folder.path, files)).toHaveLength(120);
  });
});

test("a write that a crash has torn at any byte leaves a chain that verifies, with all that was confirmed", async () => {
  using folder = temporaryFolder();
  const files = new MemoryFiles();
  const journal = await openJournal(folder.path, { bytesMax: 1_000_000, consumers: [] }, files);
  for (let call = 1; call <= 3; call++) expect(await journal.record(callRecord(`sure-${call}`))).toBe(true);
  const name = files.names(".segment")[0] ?? "";
  const sureBytes = files.contents(".segment").length;
  await Promise.all([journal.record(callRecord("torn-1")), journal.record(callRecord("torn-2"))]);
  const allBytes = files.contents(".segment").length;
  await journal.close(60_000);
  let crashes = 0;
  const middle = (sureBytes + allBytes) / 2;
  const isNearFrame = (bytes: number): boolean =>
    [sureBytes, middle, allBytes].some((edge) => Math.abs(bytes - edge) < 40);
  for (let bytes = sureBytes; bytes <= allBytes; bytes += isNearFrame(bytes) ? 1 : 17) {
    // As after a crash: the end of the file is missing, and nobody has written down where it was.
    const torn = files.crash(() => 1);
    await torn.truncate(name, bytes);
    await torn.remove(join(folder.path, "end"));
    const next = await openJournal(folder.path, { bytesMax: 1_000_000 }, torn);
    expect(await next.record(callRecord("next"))).toBe(true);
    await next.close(60_000);
    const findings = await verify(folder.path, torn);
    expect(problemsOf(findings), `cut at ${bytes}`).toEqual([]);
    expect(gapsOf(findings)).toEqual([{ reason: "crash" }]);
    const ids = await idsOf(folder.path, torn);
    expect(ids.filter((id) => !id.startsWith("torn"))).toEqual(["sure-1", "sure-2", "sure-3", "next"]);
    crashes += 1;
  }
  expect(crashes).toBeGreaterThan(150);
});

test("lives of full disks, crashes and stalls leave a chain that verifies, with all that was confirmed and never twice", async () => {
  await surviveLives(1, 6);
});

test.each([
  ["fail_open", "degraded"],
  ["fail_closed", "unhealthy"],
] as const)(
  "a disk that hangs is told of with %s while it hangs, and nothing is lost when it goes on",
  async (mode, status) => {
    using folder = temporaryFolder();
    let hanging = Promise.withResolvers<void>();
    hanging.resolve();
    const files: SpoolFiles = {
      ...nodeFiles,
      async create(path) {
        const file = await nodeFiles.create(path);
        return {
          ...file,
          append: async (bytes) => {
            await hanging.promise;
            await file.append(bytes);
          },
        };
      },
    };
    const journal = await openJournal(folder.path, { mode, stallMs: 50, waitMs: 20 }, files);
    expect(journal.health()).toEqual({ status: "healthy" });
    hanging = Promise.withResolvers<void>();
    for (let call = 1; call <= 5; call++) void journal.end(callEvent(`call-${call}`));
    await poll("the journal to say that the disk hangs", () => journal.health().status === status);
    expect(journal.health()).toMatchObject({
      message: expect.stringMatching(/the disk hangs: it has not answered for \d+ s$/),
    });
    await poll("the failures to be counted again and again", () => (journal.snapshot().failures.timeout ?? 0) > 2);
    expect(journal.snapshot()).toMatchObject({ queueSize: 5, failures: { io: 0 } });
    if (mode === "fail_closed") {
      const { caller, client } = callEvent("call-6");
      const intent = {
        id: "call-6",
        kind: "call",
        method: "tools/call",
        server: "s",
        subject: "t",
        caller,
        client,
      } as const;
      expect(await journal.begin(intent)).toMatchObject({ message: expect.stringContaining("the disk hangs") });
    }
    hanging.resolve();
    await poll("what waited to be written", () => journal.snapshot().queueSize === 0);
    expect(journal.health()).toEqual({ status: "healthy" });
    await journal.close(60_000);
    accounted(journal, 5);
    expect(problemsOf(await collect(verifyJournal(folder.path)))).toEqual([]);
    expect((await collect(readJournal(folder.path))).filter(({ record }) => record.category === "tool")).toHaveLength(
      5,
    );
  },
);
