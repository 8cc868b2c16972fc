// Verifies a journal of MCP Hangar without MCP Hangar. Usage: node verify-chain.mjs FOLDER
import { createHash, createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

const [, , folder = "."] = process.argv;
const names = readdirSync(folder).filter((name) => name.endsWith(".segment"));
const key = createPublicKey(readFileSync(`${folder}/checkpoint.pub.pem`));

// RFC 8785, as far as records need it: members in the order of their names.
const inOrder = (_name, value) =>
  value?.constructor === Object
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

let last = { sequence: 0, hash: "0".repeat(64) };
for (const [index, name] of names.sort().entries()) {
  const file = readFileSync(`${folder}/${name}`);
  const end = Number.parseInt(names[index + 1] ?? "9".repeat(15), 10);
  // A record: its length in 32 bits, little-endian, two checksums of 32 bits, and so many bytes of JSON.
  for (let offset = 0; offset + 12 <= file.length && last.sequence + 1 < end; ) {
    const line = file.subarray(offset + 12, offset + 12 + file.readUInt32LE(offset));
    offset += 12 + line.length;
    const { sequence, previous, ...record } = JSON.parse(line.toString());
    const { gap, checkpoint } = record;
    const isFirst = last.sequence === 0 && sequence > 1;
    const isTold = gap?.from === last.sequence + 1 && gap.to === sequence - 1;
    if (!isFirst && !isTold && sequence !== last.sequence + 1) throw new Error(`${sequence} follows ${last.sequence}`);
    if (!isFirst && previous !== last.hash) throw new Error(`record ${last.sequence} was altered`);
    if (checkpoint !== undefined) {
      const { signature, ...unsigned } = checkpoint;
      const signed = Buffer.from(JSON.stringify({ ...record, checkpoint: unsigned }, inOrder));
      const isSigned = verify(null, signed, key, Buffer.from(signature, "base64url"));
      if (!isSigned || checkpoint.hash !== previous) throw new Error(`checkpoint ${sequence} is not signed`);
    }
    last = { sequence, hash: createHash("sha256").update(line).digest("hex") };
  }
}
process.stdout.write(`records up to ${last.sequence} are as they were written; hash ${last.hash}\n`);
