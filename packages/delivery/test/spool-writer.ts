import { writeSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { Spool } from "@mcp-hangar/delivery/spool";

// Appends numbered records to the spool of a folder until it is killed, and says of each that it is on the disk. Beside it
// a consumer reads them, and says how far it has come. Usage: node spool-writer.ts FOLDER ROUND

const [folder = "", round = ""] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);

const opening = await Spool.open({
  folder,
  consumers: ["kept", "read"],
  segmentBytesMax: 20_000,
  bytesMax: 100_000_000,
  whenFull: "refuse",
});
if (opening.kind === "failed") throw new Error(opening.message);
const { spool } = opening;
say("open");
void consume();
let number = 0;
let waiting = 0;
for (;;) {
  await turn();
  if (waiting > 200) continue;
  // Groups of different sizes, so that it is killed in the middle of small and large ones.
  for (let count = 1 + (number % 17); count > 0; count--) {
    number += 1;
    const name = `${round} ${number}`;
    waiting += 1;
    void spool.append(Buffer.from(`${name} ${"x".repeat(number % 300)}`)).then((result) => {
      waiting -= 1;
      say(result.kind === "durable" ? `durable ${name}` : `failed ${result.message}`);
    });
  }
}

async function consume(): Promise<void> {
  const cursor = spool.cursor("read");
  while (await spool.readable("read")) {
    const result = await cursor.read({ recordsMax: 50, bytesMax: 10_000 });
    if (result.kind === "failed") throw new Error(result.message);
    for (const item of result.items) {
      if (item.kind === "gap") say(`gap ${item.from} ${item.to}`);
      else {
        say(`read ${item.sequence}`);
        await cursor.commit(item.sequence);
        say(`committed ${item.sequence}`);
      }
    }
  }
}
