import { Readable } from "node:stream";
import { runCommandLine } from "../src/cli/command-line.ts";

/** Runs `mcp-hangar-monitoring` in this process, with `input` on its standard input. */
export async function runCommand(
  args: readonly string[],
  input = "",
): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  let stdout = "";
  let stderr = "";
  const status = await runCommandLine(args, {
    stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { status, stdout, stderr };
}
