import { machineClock, readJournal, verifyJournal } from "@mcp-hangar/compliance";
import { MemoryFiles, seededRandom } from "@mcp-hangar/delivery/testing";
import { expect } from "vitest";
import { callRecord, collect, openJournal, temporaryFolder } from "./support.ts";

/** Lives at the same time: each mostly waits, for its timers and for the next turn of the loop. */
const LANES = 20;

/**
 * Journals whose disk is full, stalls and is gone at random, out of seeds. Each must leave a chain that verifies, with every record that
 * was confirmed, and none twice.
 */
export async function surviveLives(firstSeed: number, lives: number): Promise<void> {
  let seed = firstSeed;
  const lane = async (): Promise<void> => {
    while (seed < firstSeed + lives) await surviveLife(seed++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function surviveLife(seed: number): Promise<void> {
  using folder = temporaryFolder();
  const random = seededRandom(seed);
  const confirmed = new Set<string>();
  let files = new MemoryFiles();
  let number = 0;
  for (let run = 1; run <= 4; run++) {
    const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
    files.pace = async () => {
      if (random() < 0.3) await pause();
    };
    files.isFull = false;
    using own = temporaryFolder();
    // Each run has a lock of its own: the one before was killed in the same process.
    const journal = await openJournal(
      own.path,
      { bytesMax: 4_000_000, waitMs: 30, checkpoint: { records: 7, intervalMs: 20 } },
      under(files, own.path, folder.path),
    );
    const steps = 5 + Math.floor(random() * 30);
    for (let step = 0; step < steps; step++) {
      if (random() < 0.2) files.isFull = !files.isFull;
      for (let count = Math.floor(random() * 6); count >= 0; count--) {
        number += 1;
        const id = `call-${number}`;
        void journal.record(callRecord(id)).then((isDurable) => isDurable && confirmed.add(id));
      }
      if (random() < 0.5)
        await new Promise((resolve) => machineClock.schedule(random() * 10, () => resolve(undefined)));
      else await pause();
    }
    if (random() < 0.5) {
      files.isFull = false;
      await journal.close(60_000);
    } else {
      files = files.crash(random);
      await journal.close(1);
    }
  }
  const findings = await collect(verifyJournal(folder.path, { files }));
  expect(
    findings.filter(({ kind }) => kind === "problem"),
    `seed ${seed}`,
  ).toEqual([]);
  const lines = await collect(readJournal(folder.path, { files }));
  const ids = lines.flatMap(({ record }) => (record.category === "tool" ? [record.id] : []));
  expect(new Set(ids).size, `seed ${seed}`).toBe(ids.length);
  expect(
    [...confirmed].filter((id) => !ids.includes(id)),
    `seed ${seed}`,
  ).toEqual([]);
}

/** The same files under the name of another folder. */
function under(files: MemoryFiles, from: string, to: string): MemoryFiles {
  const moved = (path: string): string => (path.startsWith(from) ? `${to}${path.slice(from.length)}` : path);
  return new Proxy(files, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) =>
        Reflect.apply(
          value,
          target,
          args.map((each) => (typeof each === "string" ? moved(each) : each)),
        );
    },
  });
}
