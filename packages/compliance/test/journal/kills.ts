import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { AuditJournal, parseLine, readJournal } from "@mcp-hangar/compliance";
import { seededRandom } from "@mcp-hangar/delivery/testing";
import { INTENT_ID_SUFFIX, registeredName } from "@mcp-hangar/telemetry";
import { bundledProgram, POLL_DEADLINE_MS, poll, startProcess } from "@mcp-hangar/testing";
import { expect } from "vitest";
import { optionsFor, temporaryFolder, verified } from "./support.ts";

/** Between two looks, in ms: what is written after the moment of the kill costs time and shows nothing. */
const PAUSE_MS = 5;

const WRITER = bundledProgram("journal-writer") ?? fileURLToPath(new URL("journal-writer.ts", import.meta.url));

/** What lines say after their first word; a torn last line is left out. */
function linesOf(output: string, word: string): readonly string[] {
  const whole = output.slice(0, output.lastIndexOf("\n") + 1);
  return whole.split("\n").flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
}

/** Kills a process that writes a journal so many times at random points, and expects everything that it has said to be true. */
export async function surviveKills(rounds: number, seed: number): Promise<void> {
  // On a disk: kills hit the middle of writes and syncs.
  using folder = temporaryFolder(tmpdir());
  const random = seededRandom(seed);
  const intended = new Set<string>();
  const ended = new Set<string>();
  const received = new Set<number>();
  for (let round = 1; round <= rounds; round++) {
    await using child = await startProcess({
      command: process.execPath,
      args: ["--conditions=@mcp-hangar/source", WRITER, folder.path, String(round)],
    });
    const wanted = Math.floor(random() * 400);
    await poll(
      `${wanted} calls in round ${round}`,
      () => {
        if (child.stderr() !== "") throw new Error(child.stderr());
        return child.stdout().startsWith("open\n") && linesOf(child.stdout(), "ended").length >= wanted;
      },
      POLL_DEADLINE_MS,
      PAUSE_MS,
    );
    child.kill("SIGKILL");
    await child.exited;
    const output = child.stdout();
    expect(linesOf(output, "failed")).toEqual([]);
    for (const id of linesOf(output, "intended")) intended.add(id);
    for (const id of linesOf(output, "ended")) ended.add(id);
    for (const sequence of linesOf(output, "received")) received.add(Number(sequence));
  }
  await receiveTheRest(folder.path, received);

  const { findings, problems, summary } = await verified(folder.path);
  expect(problems).toEqual([]);
  const ids = new Set<string>();
  for await (const { record } of readJournal(folder.path)) ids.add(record.id);
  // What a caller was answered, and what a server was sent, is in the journal.
  expect([...ended].filter((id) => !ids.has(id))).toEqual([]);
  expect([...intended].filter((id) => !ids.has(`${id}${INTENT_ID_SUFFIX}`))).toEqual([]);
  expect(ended.size).toBeGreaterThan(rounds * 50);
  // What was under way at a kill is shown, and nothing else is.
  const open = findings.flatMap((finding) => (finding.kind === "open_intent" ? [finding] : []));
  expect(open.filter(({ id, isOver }) => ended.has(id) || !isOver)).toEqual([]);
  const shown = new Set(open.map(({ id }) => id));
  expect([...intended].filter((id) => !ids.has(id) && !shown.has(id))).toEqual([]);
  // Each kill may have cost records in memory, and the journal says so.
  const gaps = findings.flatMap((finding) => (finding.kind === "gap" ? [finding.gap] : []));
  expect(gaps).toEqual(Array.from({ length: rounds }, () => ({ reason: "crash" })));
  // The sink has had every record, some of them twice.
  const all = Array.from({ length: summary.last }, (_each, index) => index + 1);
  expect(all.filter((sequence) => !received.has(sequence))).toEqual([]);
}

/** Opens the journal once more, and has the sink receive what it has not had. */
async function receiveTheRest(folder: string, received: Set<number>): Promise<void> {
  const journal = new AuditJournal(optionsFor(folder, { consumers: ["sink"], segmentBytesMax: 200_000 }));
  await journal.open();
  journal.forward({
    exporter: registeredName("sink"),
    signal: "audit",
    consumer: "sink",
    batch: { recordsMax: 1_000, bytesMax: 1_000_000, delayMs: 1 },
    attemptTimeoutMs: 60_000,
    retry: { baseMs: 10, maxMs: 10 },
    send: async (lines) => {
      for (const line of lines) received.add(parseLine(line)?.sequence ?? 0);
      return { kind: "delivered" };
    },
  });
  await journal.close(60_000);
}
