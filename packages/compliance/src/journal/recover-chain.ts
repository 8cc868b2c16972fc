import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Spool, type SpoolFiles, scanSpool } from "@mcp-hangar/delivery/spool";
import type { AuditGap } from "@mcp-hangar/telemetry";
import { type ChainHead, EMPTY_CHAIN, hashOf, parseLine } from "./line.ts";

/** File in the folder that says which journal it is. */
export const IDENTITY_FILE = "journal";

/** What an earlier run has left. */
export interface RecoveredChain {
  readonly head: ChainHead;
  /** What is missing and is not told of yet. */
  readonly gaps: readonly AuditGap[];
}

/** Finds the last line of a journal, and what is missing at its end. Rejects when the folder holds something else than a journal. */
export async function recoverChain(spool: Spool, folder: string, files: SpoolFiles): Promise<RecoveredChain> {
  const last = await lastLine(spool, folder, files);
  const end = spool.next - 1;
  if (last === undefined && end === 0) return { head: EMPTY_CHAIN, gaps: [] };
  const gaps: AuditGap[] = [];
  const found = last?.head ?? EMPTY_CHAIN;
  if (end > found.sequence) {
    gaps.push({ reason: "damaged", count: end - found.sequence, from: found.sequence + 1, to: end });
  }
  if (last?.isClosed !== true) gaps.push({ reason: "crash" });
  return { head: { sequence: end, hash: found.hash }, gaps };
}

interface LastLine {
  readonly head: ChainHead;
  /** Whether it is the checkpoint with which a journal ends in order. */
  readonly isClosed: boolean;
}

async function lastLine(spool: Spool, folder: string, files: SpoolFiles): Promise<LastLine | undefined> {
  for (const { first, end } of spool.files.toReversed()) {
    let last: Buffer | undefined;
    for await (const frame of scanSpool(folder, { from: first, files })) {
      if (frame.kind === "record" && frame.place === "right" && frame.sequence < end) last = frame.payload;
    }
    if (last === undefined) continue;
    const line = parseLine(last);
    if (line === undefined)
      throw new Error(`${folder} holds records that are none of a journal; choose another folder`);
    const { checkpoint } = line.record;
    return { head: { sequence: line.sequence, hash: hashOf(last) }, isClosed: checkpoint?.reason === "closed" };
  }
  return undefined;
}

/** The identity of the journal in a folder, made at the first use: 32 hexadecimal digits that no other journal has. */
export async function journalIdentity(folder: string, files: SpoolFiles, parts: readonly string[]): Promise<string> {
  const path = join(folder, IDENTITY_FILE);
  const found = (await files.readText(path))?.trim();
  if (found !== undefined && /^[0-9a-f]{32}$/.test(found)) return found;
  const identity = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
  await files.replaceText(path, `${identity}\n`);
  return identity;
}
