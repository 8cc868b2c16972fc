import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FakeClock } from "@mcp-hangar/delivery/testing";
import { poll, startProcess } from "@mcp-hangar/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileSink, type FileSinkOptions } from "../../src/index.ts";
import { idIn, idsOf, sinkEntriesOf, systemClock } from "./entries.ts";
import { linesOf } from "./http-receiver.ts";

const { signal } = new AbortController();
const DELIVERED = { kind: "delivered" };

const DAY_MS = 86_400_000;

/** A clock whose time of day is set. */
class SteppedClock extends FakeClock {
  stepMs = 0;

  override wallMs(): number {
    return super.wallMs() + this.stepMs;
  }
}

let folder: string;
let path: string;
let sinks: FileSink[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-file-sink-"));
  path = join(folder, "audit.log");
  sinks = [];
});
afterEach(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  rmSync(folder, { recursive: true, force: true });
});

function sinkOf(changes: Partial<FileSinkOptions> = {}): FileSink {
  const sink = new FileSink({ name: "file", path, clock: systemClock, ...changes });
  sinks.push(sink);
  return sink;
}

function idsIn(file: string): readonly string[] {
  const bytes = readFileSync(file);
  return linesOf((file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString()).map(idIn);
}

const rotated = (): readonly string[] =>
  readdirSync(folder)
    .filter((name) => /^audit\.log\.\d/.test(name))
    .toSorted();
const modeOf = (file: string): number => statSync(file).mode & 0o777;

describe("a file", () => {
  it("has one record a line, of several batches, and is for its owner only", async () => {
    path = join(folder, "new", "deep", "audit.log");
    const sink = sinkOf();
    expect(await sink.send(sinkEntriesOf(3), signal)).toEqual(DELIVERED);
    expect(await sink.send(sinkEntriesOf(2, 3), signal)).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(idsOf(5));
    expect([modeOf(path), modeOf(join(folder, "new")), modeOf(join(folder, "new", "deep"))]).toEqual([
      0o600, 0o700, 0o700,
    ]);
  });

  it("is continued by the next process, and what a crash has torn is cut off", async () => {
    writeFileSync(path, '{"id":"r-0"}\n{"id":"r-1"}\n{"id":"r-2","mess');
    expect(await sinkOf().send(sinkEntriesOf(1, 2), signal)).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(idsOf(3));
  });

  it("that holds only a torn line is empty afterwards", async () => {
    writeFileSync(path, "x".repeat(200_000));
    expect(await sinkOf().send(sinkEntriesOf(1), signal)).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(idsOf(1));
  });

  it("that is no file of records is left as it is", async () => {
    const bytes = "x".repeat(5_000_000);
    writeFileSync(path, bytes);
    expect(await sinkOf().send(sinkEntriesOf(1), signal)).toMatchObject({
      kind: "retry",
      reason: "io",
      message: expect.stringContaining("does not end with a line"),
    });
    expect(readFileSync(path, "utf8")).toBe(bytes);
  });

  it("is not written through a symbolic link, nor is anything but a file", async () => {
    const target = join(folder, "target");
    writeFileSync(target, "precious\n");
    symlinkSync(target, path);
    const sink = sinkOf();
    expect(await sink.send(sinkEntriesOf(1), signal)).toMatchObject({
      message: expect.stringContaining("symbolic link"),
    });
    unlinkSync(path);
    mkdirSync(path);
    expect(await sink.send(sinkEntriesOf(1), signal)).toMatchObject({
      kind: "retry",
      message: expect.stringContaining("EISDIR"),
    });
    rmSync(path, { recursive: true });
    expect(await sink.send(sinkEntriesOf(1), signal)).toEqual(DELIVERED);
    expect(readFileSync(target, "utf8")).toBe("precious\n");
  });

  it("has no second writer, in this process or another, until the first has closed it", async () => {
    const first = sinkOf();
    await first.send(sinkEntriesOf(1), signal);
    const second = sinkOf();
    expect(await second.send(sinkEntriesOf(1, 1), signal)).toMatchObject({
      kind: "retry",
      reason: "io",
      message: expect.stringContaining(`process ${process.pid} writes to it`),
    });
    await first.close();
    expect(await second.send(sinkEntriesOf(1, 1), signal)).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(idsOf(2));
  });

  it("of a process that was killed is taken over", async () => {
    const script = `
      import { FileSink } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)};
      const clock = { nowMs: () => 0, wallMs: () => 0, schedule: () => () => {}, defer: setImmediate };
      const sink = new FileSink({ name: "file", path: ${JSON.stringify(path)}, clock });
      const text = '{"id":"r-0"}';
      await sink.send([{ record: {}, text }], new AbortController().signal);
      console.log("written");
      setInterval(() => {}, 1000);`;
    await using child = await startProcess({
      command: process.execPath,
      args: ["--conditions=@mcp-hangar/source", "--input-type=module-typescript", "--eval", script],
    });
    await poll(
      "the record",
      () => child.stdout().includes("written") || (child.stderr() !== "" && Promise.reject(new Error(child.stderr()))),
    );
    expect(await sinkOf().send(sinkEntriesOf(1, 1), signal)).toMatchObject({
      message: expect.stringContaining(`process ${child.pid} `),
    });
    child.kill("SIGKILL");
    await child.exited;
    expect(await sinkOf().send(sinkEntriesOf(1, 1), signal)).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(idsOf(2));
  });
});

describe("a file that others handle", () => {
  it("is made anew when it was removed or renamed, without being told", async () => {
    const sink = sinkOf();
    await sink.send(sinkEntriesOf(1), signal);
    renameSync(path, join(folder, "kept"));
    expect(await sink.send(sinkEntriesOf(1, 1), signal)).toEqual(DELIVERED);
    unlinkSync(path);
    expect(await sink.send(sinkEntriesOf(1, 2), signal)).toEqual(DELIVERED);
    expect([idsIn(join(folder, "kept")), idsIn(path)]).toEqual([["r-0"], ["r-2"]]);
  });

  it("is opened anew after a signal, and continued where it is the same one", async () => {
    const sink = sinkOf();
    await sink.send(sinkEntriesOf(1), signal);
    const kept = join(folder, "kept");
    linkSync(path, kept);
    sink.reopen();
    expect(await sink.send(sinkEntriesOf(1, 1), signal)).toEqual(DELIVERED);
    expect(idsIn(kept)).toEqual(idsOf(2));
  });

  it("goes on behind what is left when it was truncated", async () => {
    const sink = sinkOf();
    await sink.send(sinkEntriesOf(3), signal);
    truncateSync(path, 0);
    expect(await sink.send(sinkEntriesOf(1, 3), signal)).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(["r-3"]);
  });
});

describe("rotation", () => {
  it("by size begins a new file before one grows too large, and loses nothing", async () => {
    const sink = sinkOf({ rotation: { bytesMax: 500 } });
    for (let batch = 0; batch < 20; batch++)
      expect(await sink.send(sinkEntriesOf(5, batch * 5), signal)).toEqual(DELIVERED);
    const files = [...rotated(), "audit.log"].map((name) => join(folder, name));
    expect(files.length).toBeGreaterThan(5);
    expect(files.flatMap(idsIn).toSorted()).toEqual([...idsOf(100)].toSorted());
    for (const file of files) expect([statSync(file).size <= 500, modeOf(file)]).toEqual([true, 0o600]);
  });

  it("never divides a batch that is larger than a file", async () => {
    const sink = sinkOf({ rotation: { bytesMax: 50 } });
    await sink.send(sinkEntriesOf(10), signal);
    await sink.send(sinkEntriesOf(10, 10), signal);
    expect([...rotated().map((name) => idsIn(join(folder, name))), idsIn(path)]).toEqual([idsOf(10), idsOf(10, 10)]);
  });

  it("by age begins a new file with the first record after it; files of one millisecond have names of their own", async () => {
    const clock = new FakeClock();
    const sink = sinkOf({ clock, rotation: { ageMaxMs: 1_000 } });
    await sink.send(sinkEntriesOf(1), signal);
    await clock.advance(1_000);
    await sink.send(sinkEntriesOf(1, 1), signal);
    expect(rotated()).toEqual([]);
    await clock.advance(1);
    await sink.send(sinkEntriesOf(1, 2), signal);
    expect(rotated()).toEqual(["audit.log.20260101T000001001Z"]);
    expect(idsIn(path)).toEqual(["r-2"]);

    await sink.close();
    const small = sinkOf({ clock, rotation: { bytesMax: 1 } });
    await small.send(sinkEntriesOf(1, 3), signal);
    await small.send(sinkEntriesOf(1, 4), signal);
    expect(rotated()).toEqual(
      ["20260101T000001001Z", "20260101T000001001Z-1", "20260101T000001001Z-2"].map((stamp) => `audit.log.${stamp}`),
    );
  });

  it("goes on in order, and removes nothing young, when the clock is set a day back", async () => {
    const clock = new SteppedClock();
    const sink = sinkOf({ clock, rotation: { bytesMax: 1 }, retention: { filesMax: 3 } });
    for (let number = 0; number < 4; number++) {
      await sink.send(sinkEntriesOf(1, number), signal);
      await clock.advance(1_000);
    }
    clock.stepMs = -DAY_MS;
    for (let number = 4; number < 7; number++) await sink.send(sinkEntriesOf(1, number), signal);
    await sink.close();
    expect([...rotated().map((name) => join(folder, name)), path].flatMap(idsIn)).toEqual(idsOf(4, 3));
    // The next process goes on behind them, too.
    const next = sinkOf({ clock, rotation: { bytesMax: 1 }, retention: { filesMax: 3 } });
    await next.send(sinkEntriesOf(1, 7), signal);
    await next.close();
    expect([...rotated().map((name) => join(folder, name)), path].flatMap(idsIn)).toEqual(idsOf(4, 4));
  });

  it("by age takes as long as it should when the clock is set a day back", async () => {
    const clock = new SteppedClock();
    const sink = sinkOf({ clock, rotation: { ageMaxMs: 1_000 } });
    await sink.send(sinkEntriesOf(1), signal);
    clock.stepMs = -DAY_MS;
    await clock.advance(1_000);
    await sink.send(sinkEntriesOf(1, 1), signal);
    expect(rotated()).toEqual([]);
    await clock.advance(1);
    await sink.send(sinkEntriesOf(1, 2), signal);
    expect([rotated().length, idsIn(path)]).toEqual([1, ["r-2"]]);
  });

  it("removes nothing young when the clock is set a year forward", async () => {
    const clock = new SteppedClock();
    const sink = sinkOf({ clock, rotation: { bytesMax: 1 }, retention: { ageMaxMs: 10 * DAY_MS } });
    for (let number = 0; number < 3; number++) await sink.send(sinkEntriesOf(1, number), signal);
    clock.stepMs = 365 * DAY_MS;
    for (let number = 3; number < 6; number++) await sink.send(sinkEntriesOf(1, number), signal);
    await sink.close();
    expect([...rotated().map((name) => join(folder, name)), path].flatMap(idsIn)).toEqual(idsOf(6));
  });

  it("compresses what is rotated, also what an earlier process has left, and writes meanwhile", async () => {
    writeFileSync(join(folder, "audit.log.20250101T000000000Z"), '{"id":"r-0"}\n');
    writeFileSync(join(folder, "audit.log.20250101T000000000Z.gz.part"), "torn");
    const sink = sinkOf({ rotation: { bytesMax: 200 }, compress: true });
    for (let batch = 1; batch <= 10; batch++)
      expect(await sink.send(sinkEntriesOf(3, batch * 3), signal)).toEqual(DELIVERED);
    await sink.close();
    const files = rotated();
    expect(files.every((name) => name.endsWith("Z.gz") || /-\d+\.gz$/.test(name))).toBe(true);
    const all = [...files, "audit.log"].flatMap((name) => idsIn(join(folder, name)));
    expect(all.toSorted()).toEqual(["r-0", ...idsOf(30, 3)].toSorted());
    for (const name of files) expect(modeOf(join(folder, name))).toBe(0o600);
  });

  it("keeps so many files, none older than so long, and nothing else is touched", async () => {
    const clock = new FakeClock();
    const others = [
      "audit.log.notes",
      "audit.log.20250101",
      "other.log.20250101T000000000Z",
      "audit.logx.20250101T000000000Z",
    ];
    for (const name of others) writeFileSync(join(folder, name), "kept\n");
    const sink = sinkOf({ clock, rotation: { bytesMax: 1 }, retention: { filesMax: 3, ageMaxMs: 10_000 } });
    for (let number = 0; number < 8; number++) {
      await sink.send(sinkEntriesOf(1, number), signal);
      await clock.advance(1_000);
    }
    await poll("three files", () => rotated().filter((name) => !others.includes(name)).length === 3);
    expect(
      rotated()
        .filter((name) => !others.includes(name))
        .flatMap((name) => idsIn(join(folder, name))),
    ).toEqual(idsOf(3, 4));
    await clock.advance(60_000);
    await sink.send(sinkEntriesOf(1, 8), signal);
    await poll("one file", () => rotated().filter((name) => !others.includes(name)).length === 1);
    for (const name of others) expect(existsSync(join(folder, name))).toBe(true);
  });

  it("that cannot remove or compress says so, and writes all the same", async () => {
    const troubles: string[] = [];
    mkdirSync(join(folder, "audit.log.20250101T000000000Z"));
    const sink = sinkOf({ compress: true, onTrouble: (message) => troubles.push(message) });
    expect(await sink.send(sinkEntriesOf(1), signal)).toEqual(DELIVERED);
    await poll("the trouble", () => troubles.length === 1);
    expect(troubles[0]).toMatch(/^rotated files of .*audit\.log: .*EISDIR/);
  });
});

describe("a disk", { tags: ["tmpfs"] }, () => {
  let disk: string;
  beforeEach(() => {
    disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]);
    path = join(disk, "audit.log");
  });
  afterEach(async () => {
    await Promise.all(sinks.map((sink) => sink.close()));
    execFileSync("umount", [disk]);
  });

  it("that is full keeps whole records only, and takes the others when it has room", async () => {
    const sink = sinkOf();
    // Beside the lock and the file itself there is room for some pages.
    writeFileSync(join(disk, "ballast"), Buffer.alloc(32_768));
    let number = 0;
    let outcome: unknown = DELIVERED;
    while (JSON.stringify(outcome) === JSON.stringify(DELIVERED) && number < 10_000) {
      outcome = await sink.send(sinkEntriesOf(100, number), signal);
      if (JSON.stringify(outcome) === JSON.stringify(DELIVERED)) number += 100;
    }
    expect(outcome).toMatchObject({ kind: "retry", reason: "io", message: expect.stringContaining("ENOSPC") });
    expect(number).toBeGreaterThan(0);
    expect(idsIn(path)).toEqual(idsOf(number));
    expect(await sink.send(sinkEntriesOf(100, number), signal)).toMatchObject({ kind: "retry", reason: "io" });
    expect(idsIn(path)).toEqual(idsOf(number));
    unlinkSync(join(disk, "ballast"));
    expect(await sink.send(sinkEntriesOf(100, number), signal)).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(idsOf(number + 100));
  });

  it("that is read-only, or whose folder is taken away, makes records wait", async () => {
    const sink = sinkOf();
    expect(await sink.send(sinkEntriesOf(1), signal)).toEqual(DELIVERED);
    await sink.close();
    execFileSync("mount", ["-o", "remount,ro", disk]);
    const next = sinkOf();
    expect(await next.send(sinkEntriesOf(1, 1), signal)).toMatchObject({
      kind: "retry",
      message: expect.stringContaining("EROFS"),
    });
    execFileSync("mount", ["-o", "remount,rw", disk]);
    expect(await next.send(sinkEntriesOf(1, 1), signal)).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(idsOf(2));
  });

  it("of which the permission is lost makes records wait, and they follow when it is back", async () => {
    const own = join(folder, "own");
    mkdirSync(own);
    chmodSync(folder, 0o755);
    execFileSync("chown", ["65534", own]);
    path = join(own, "audit.log");
    const asNobody = async (work: () => Promise<unknown>): Promise<unknown> => {
      process.seteuid?.(65534);
      try {
        return await work();
      } finally {
        process.seteuid?.(0);
      }
    };
    const sink = sinkOf();
    expect(await asNobody(() => sink.send(sinkEntriesOf(1), signal))).toEqual(DELIVERED);
    execFileSync("chown", ["0:0", own, path]);
    chmodSync(own, 0o700);
    sink.reopen();
    expect(await asNobody(() => sink.send(sinkEntriesOf(1, 1), signal))).toMatchObject({
      kind: "retry",
      reason: "io",
      message: expect.stringContaining("EACCES"),
    });
    execFileSync("chown", ["65534", own, path]);
    expect(await asNobody(() => sink.send(sinkEntriesOf(1, 1), signal))).toEqual(DELIVERED);
    expect(idsIn(path)).toEqual(idsOf(2));
    expect(lstatSync(path).uid).toBe(65534);
  });
});
