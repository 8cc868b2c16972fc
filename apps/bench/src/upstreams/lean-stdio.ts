import { onLines } from "../processes/lines.ts";
import { answerLean, type LeanMessage } from "./lean-answers.ts";

// A program: the lean MCP server over stdio, one JSON-RPC message a line.

const options = { eras: ["legacy" as const], extraTools: 0 };
let out = "";

// The bench is the only client; a line that is not JSON is a defect of the gateway and may end this process.
onLines(process.stdin, (line) => say(answerLean(JSON.parse(line) as LeanMessage, options).body));
process.stdin.on("end", () => process.exit(0));

/** Answers of one chunk leave in one write: a system call costs more than the answer. */
function say(body: string | undefined): void {
  if (body === undefined) return;
  if (out === "") {
    queueMicrotask(() => {
      process.stdout.write(out);
      out = "";
    });
  }
  out += `${body}\n`;
}
