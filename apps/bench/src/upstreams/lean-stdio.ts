import { answerLean, type LeanMessage } from "./lean-answers.ts";

// A program: the lean MCP server over stdio, one JSON-RPC message a line.

const options = { eras: ["legacy" as const], extraTools: 0 };
let rest = "";
let out = "";

process.stdin.setEncoding("utf8");
process.stdin.on("data", (chunk: string) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) {
    // The bench is the only client; a line that is not JSON is a defect of the gateway and may end this process.
    if (line !== "") say(answerLean(JSON.parse(line) as LeanMessage, options).body);
  }
});
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
