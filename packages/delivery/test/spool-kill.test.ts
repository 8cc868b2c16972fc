import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Spool } from "@mcp-hangar/delivery/spool";
import { poll, startProcess } from "@mcp-hangar/testing";
import { expect, it } from "vitest";

const WRITER = fileURLToPath(new URL("spool-writer.ts", import.meta.url));
const ROUNDS = 8;

/** What a line says after its first word; torn last lines are left out. */
function linesOf(output: string, word: string): readonly string[] {
  const whole = output.slice(0, output.lastIndexOf("\n") + 1);
  return whole.split("\n").flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
}

it("a process that is killed loses no record that was on the disk, and each is read in order and once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hangar-kill-"));
  try {
    const durable: string[] = [];
    let committed = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      await using child = await startProcess({
        command: process.execPath,
        args: ["--conditions=@mcp-hangar/source", WRITER, folder, String(round)],
      });
      const wanted = 30 + 211 * round;
      await poll(`${wanted} records on the disk`, () => {
        if (child.stderr() !== "") throw new Error(child.stderr());
        return linesOf(child.stdout(), "durable").length >= wanted;
      });
      child.kill("SIGKILL");
      await child.exited;
      const output = child.stdout();
      durable.push(...linesOf(output, "durable"));
      expect(linesOf(output, "failed")).toEqual([]);
      expect(linesOf(output, "gap")).toEqual([]);
      const read = linesOf(output, "read").map(Number);
      const [first = committed + 1] = read;
      // At least once: what was committed on the disk is not read again but for the one that was being committed.
      expect([committed + 1, committed + 2]).toContain(first);
      expect(read).toEqual(read.map((_each, index) => first + index));
      committed = Math.max(committed, ...linesOf(output, "committed").map(Number));
    }
    expect(committed).toBeGreaterThan(0);

    const opening = await Spool.open({
      folder,
      consumers: ["kept"],
      segmentBytesMax: 20_000,
      bytesMax: 100_000_000,
      whenFull: "refuse",
    });
    if (opening.kind === "failed") throw new Error(opening.message);
    const result = await opening.spool.cursor("kept").read({ recordsMax: 1_000_000, bytesMax: 1_000_000_000 });
    await opening.spool.close();
    if (result.kind === "failed") throw new Error(result.message);
    const found = result.items.map((item, index) => {
      if (item.kind === "gap") throw new Error(`${item.from} to ${item.to} are lost`);
      expect(item.sequence).toBe(index + 1);
      const [round = "", number = "", filling = ""] = item.payload.toString().split(" ");
      expect(filling).toBe("x".repeat(Number(number) % 300));
      return `${round} ${number}`;
    });
    // In each round the numbers begin with 1 and none is left out: what is missing was at the end, and not confirmed.
    for (let round = 1; round <= ROUNDS; round++) {
      const ofRound = found.filter((name) => name.startsWith(`${round} `));
      expect(ofRound).toEqual(ofRound.map((_each, index) => `${round} ${index + 1}`));
    }
    expect(found.map((name) => Number.parseInt(name, 10))).toEqual(
      found.map((name) => Number.parseInt(name, 10)).toSorted((one, other) => one - other),
    );
    const all = new Set(found);
    expect(durable.filter((name) => !all.has(name))).toEqual([]);
    expect(durable.length).toBeGreaterThan(ROUNDS * 200);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
