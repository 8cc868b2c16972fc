import { type Command, CommanderError } from "commander";
import { createProgram } from "./program.ts";
import { printProblem } from "./terminal-text.ts";

/**
 * Runs the command line. Resolves to the exit code: 0 done, 1 it did not work; what and why is on stderr. `serve` ends the
 * process itself.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram((code) => {
    exitCode = code;
  });
  exitByException(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    // The help, the version, or what is wrong with the arguments has been printed.
    if (error instanceof CommanderError) return error.exitCode;
    // What a user can mend has a message of its own; the stack is for what nobody foresaw.
    const { message, stack } = error as Error;
    const text = process.env.MCP_LOG_LEVEL?.toLowerCase() === "debug" ? stack : message;
    printProblem(text ?? message);
    return 1;
  }
}

/** Commander would end the process, here and in every command below. */
function exitByException(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) exitByException(each);
}
