import { runCommandLine } from "../src/cli/command-line.ts";

/** What a command printed, and its exit code. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command of `mcp-hangar` to its end in this process, which saves a start of Node.js; `env` is added to an
 * environment without the variables of the gateway. Not for `serve`, which ends the process, and one at a time.
 */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandOutcome> {
  const before = { ...process.env };
  const printed = { stdout: "", stderr: "" };
  const restore = (["stdout", "stderr"] as const).map((name) => {
    const stream = process[name];
    const write = stream.write.bind(stream);
    stream.write = (chunk: string | Uint8Array): boolean => {
      printed[name] += String(chunk);
      return true;
    };
    return () => {
      stream.write = write;
    };
  });
  for (const name of Object.keys(process.env)) if (name.startsWith("MCP_")) delete process.env[name];
  Object.assign(process.env, env);
  try {
    const code = await runCommandLine(args);
    return { code, ...printed };
  } finally {
    for (const undo of restore) undo();
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}
