import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileSink } from "../../src/index.ts";
import { idIn, systemClock } from "./entries.ts";
import { droppedOf, emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import { linesOf } from "./http-receiver.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-file-faults-"));
  path = join(folder, "audit.log");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const idsIn = (file: string): readonly string[] => linesOf(readFileSync(file, "utf8")).map(idIn);

test("a file that is renamed again and again while records come, with and without a signal, loses none and tears none", async () => {
  const sink = new FileSink({ name: "file", path, clock: systemClock });
  const exporter = exporterOver(sink, { batch: { recordsMax: 7, bytesMax: 1_000_000, delayMs: 1 } });
  let emitted = 0;
  let kept = 0;
  await poll(
    "ten rotations",
    () => {
      expectExact(exporter);
      emit(exporter, 50, emitted + 1);
      emitted += 50;
      if (readdirSync(folder).includes("audit.log") && statSync(path).size > 0) {
        renameSync(path, join(folder, `kept-${String(++kept).padStart(3, "0")}`));
        if (kept % 2 === 0) sink.reopen();
      }
      return kept >= 10;
    },
    60_000,
    5,
  );
  await exporter.close(30_000);
  const names = readdirSync(folder).filter((name) => name.startsWith("kept-") || name === "audit.log");
  // The live file sorts first and is the newest.
  const sorted = [
    ...names.filter((name) => name !== "audit.log").toSorted(),
    ...names.filter((name) => name === "audit.log"),
  ];
  expect(sorted.flatMap((name) => idsIn(join(folder, name)))).toEqual(eventIds(emitted));
  expect(exporter.snapshot()).toMatchObject({ delivered: emitted, queueSize: 0 });
  expect(droppedOf(exporter.snapshot())).toBe(0);
});

test("a disk that is full makes records wait, and they follow when it has room", { tags: ["tmpfs"] }, async () => {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]);
  try {
    path = join(disk, "audit.log");
    writeFileSync(join(disk, "ballast"), Buffer.alloc(200_000));
    const exporter = exporterOver(new FileSink({ name: "file", path, clock: systemClock }));
    emit(exporter, 2_000);
    await poll("three failures", () => {
      expectExact(exporter);
      return failuresOf(exporter.snapshot()) >= 3;
    });
    const { delivered } = exporter.snapshot();
    expect(delivered).toBeGreaterThan(0);
    // What is there is exactly what counts as delivered, and whole.
    expect(idsIn(path)).toEqual(eventIds(delivered));
    unlinkSync(join(disk, "ballast"));
    await poll("all records", () => exporter.snapshot().queueSize === 0);
    await exporter.close(10_000);
    expect(idsIn(path)).toEqual(eventIds(2_000));
    expect(exporter.snapshot()).toMatchObject({ delivered: 2_000, failures: { io: expect.any(Number) } });
    expectExact(exporter);
  } finally {
    execFileSync("umount", [disk]);
  }
});
