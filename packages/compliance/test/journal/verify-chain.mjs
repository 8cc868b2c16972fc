// Verifies a journal of MCP Hangar without MCP Hangar. Usage: node verify-chain.mjs FOLDER
import { createHash, createPublicKey, verify } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

const folder = process.argv[2];
const names = readdirSync(folder).filter((name) => name.endsWith(".segment")).sort();
const key = createPublicKey(readFileSync(`${folder}/checkpoint.pub.pem`));
// RFC 8785: members in the order of their names, no white space.
const canonical = (value) =>
  Array.isArray(value)
    ? `[${value.map(canonical)}]`
    : value !== null && typeof value === "object"
      ? `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`
      : JSON.stringify(value);
let last = { sequence: 0, hash: "0".repeat(64) };
for (const [index, name] of names.entries()) {
  const file = readFileSync(`${folder}/${name}`);
  const end = Number.parseInt(names[index + 1] ?? "Infinity", 10) || Infinity;
  // A record: its length as 32 bits, little-endian, two checksums of 32 bits, and so many bytes of JSON.
  for (let offset = 0; offset + 12 <= file.length && last.sequence + 1 < end; ) {
    const line = file.subarray(offset + 12, offset + 12 + file.readUInt32LE(offset));
    offset += 12 + line.length;
    const { sequence, previous, ...record } = JSON.parse(line);
    const { gap, checkpoint } = record;
    const isFirst = last.sequence === 0 && sequence > 1;
    const isTold = gap?.from === last.sequence + 1 && gap.to === sequence - 1;
    if (!isFirst && !isTold && sequence !== last.sequence + 1) throw new Error(`${sequence} follows ${last.sequence}`);
    if (!isFirst && previous !== last.hash) throw new Error(`record ${last.sequence} was altered`);
    if (checkpoint !== undefined) {
      const { signature, ...unsigned } = checkpoint;
      const signed = Buffer.from(canonical({ ...record, checkpoint: unsigned }));
      const isSigned = verify(null, signed, key, Buffer.from(signature, "base64url"));
      if (!isSigned || checkpoint.hash !== previous) throw new Error(`checkpoint ${sequence} is not signed`);
    }
    last = { sequence, hash: createHash("sha256").update(line).digest("hex") };
  }
}
console.log(`records up to ${last.sequence} are as they were written; hash ${last.hash}`);
