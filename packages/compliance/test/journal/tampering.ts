import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

/** What somebody may do to the records of a segment who knows the format, and recomputes all checksums. */
export type Tampering = "edit" | "delete" | "swap" | "insert" | "duplicate" | "truncate" | "zero";
export const TAMPERINGS: readonly Tampering[] = ["edit", "delete", "swap", "insert", "duplicate", "truncate", "zero"];

/** Names of the files of a journal, in their order. */
export function segmentNames(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".segment"))
    .sort();
}

/** The payloads of a segment. */
export function payloadsOf(bytes: Buffer): readonly Buffer[] {
  const payloads: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 12 + bytes.readUInt32LE(offset);
    payloads.push(bytes.subarray(offset + 12, end));
    offset = end;
  }
  return payloads;
}

/** A segment of payloads, as the spool would have written it: written here once more, from its description. */
export function segmentOf(first: number, payloads: readonly Buffer[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload, index) => {
      const header = Buffer.alloc(12);
      header.writeUInt32LE(payload.length, 0);
      header.writeUInt32LE(crc32(payload), 4);
      const salt = Buffer.alloc(8);
      salt.writeBigUInt64LE(BigInt(first + index));
      header.writeUInt32LE(crc32(header.subarray(0, 8), crc32(salt)), 8);
      return [header, payload];
    }),
  );
}

/** Does it to the record at an index of a file. `isCareful` recomputes the checksums; the hashes nobody can, who has not the key. */
export function tamper(path: string, { tampering, index, isCareful, pick }: TamperingAt): void {
  const bytes = readFileSync(path);
  const payloads = payloadsOf(bytes);
  const target = payloads[index];
  if (target === undefined) throw new Error(`there is no record ${index}`);
  if (!isCareful && tampering === "edit") {
    const offset = target.byteOffset - bytes.byteOffset + Math.floor(pick() * target.length);
    bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
    writeFileSync(path, bytes);
    return;
  }
  const first = Number.parseInt(path.slice(path.lastIndexOf("/") + 1), 10);
  const changed = changedPayloads(payloads, index, { tampering, pick });
  if (isCareful) writeFileSync(path, segmentOf(first, changed));
  else
    writeFileSync(
      path,
      Buffer.concat(changed.map((payload) => segmentOf(first + payloads.indexOf(payload), [payload]))),
    );
}

export interface TamperingAt {
  readonly tampering: Tampering;
  readonly index: number;
  readonly isCareful: boolean;
  /** Uniform in [0, 1). */
  readonly pick: () => number;
}

function changedPayloads(
  payloads: readonly Buffer[],
  index: number,
  { tampering, pick }: Pick<TamperingAt, "tampering" | "pick">,
): readonly Buffer[] {
  const target = payloads[index] ?? Buffer.alloc(0);
  const other = (index + 1 + Math.floor(pick() * (payloads.length - 1))) % payloads.length;
  switch (tampering) {
    case "edit":
      return payloads.with(index, edited(target, pick));
    case "delete":
      return payloads.toSpliced(index, 1);
    case "swap":
      return payloads.with(index, payloads[other] ?? target).with(other, target);
    case "insert":
      return payloads.toSpliced(index, 0, Buffer.from(target.toString().replace(/"id":"[^"]*"/, '"id":"forged"')));
    case "duplicate":
      return payloads.toSpliced(index, 0, target);
    case "truncate":
      return payloads.slice(0, index);
    case "zero":
      return payloads.with(index, Buffer.alloc(target.length));
  }
}

/** Another digit or letter in the place of one, so that it stays JSON. */
function edited(payload: Buffer, pick: () => number): Buffer {
  const copy = Buffer.from(payload);
  const places = [...copy.keys()].filter((place) => /[a-z0-9]/i.test(String.fromCharCode(copy[place] ?? 0)));
  const place = places[Math.floor(pick() * places.length)] ?? 0;
  const before = String.fromCharCode(copy[place] ?? 0);
  copy.write(before === "7" ? "8" : /[0-9]/.test(before) ? "7" : before === "x" ? "y" : "x", place);
  return copy;
}

/** A copy of every file of a folder. */
export function filesOf(folder: string): ReadonlyMap<string, Buffer> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}
