import { spawn } from "node:child_process";
import { announce, exitOnSignals } from "../processes/announce.ts";
import { onLines } from "../processes/lines.ts";
import { bareFront } from "./bare-front.ts";

// A program: the bare relay in front of one stdio child; its arguments are those of `node` for that child.

const child = spawn(process.execPath, process.argv.slice(2), { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map<number, (text: string) => void>();
let out = "";

onLines(child.stdout, (line) => {
  const id = Number(/"id":(\d+)/.exec(line)?.[1]);
  const onAnswer = waiting.get(id);
  waiting.delete(id);
  onAnswer?.(line);
});

const server = bareFront((body, ownId, onAnswer) => {
  waiting.set(ownId, onAnswer);
  if (out === "") {
    // One write a turn of the event loop: a system call costs more than the message.
    setImmediate(() => {
      child.stdin.write(out);
      out = "";
    });
  }
  out += `${body}\n`;
});

server.listen(0, "127.0.0.1", () => announce(server));
exitOnSignals(server, () => child.kill("SIGKILL"));
