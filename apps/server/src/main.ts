#!/usr/bin/env node
import { takeSignals } from "./early-signals.ts";

/** Exit codes: 0 done, 1 it did not work; what and why is on stderr. */
takeSignals(process.argv[2] === "serve");
try {
  // Loaded only now, because a signal may come while it is.
  const { createProgram } = await import("./cli/program.ts");
  const program = createProgram((code) => {
    process.exitCode = code;
  });
  await program.parseAsync();
} catch (error) {
  // What a user can mend has a message of its own; the stack is for what nobody foresaw.
  const { message, stack } = error as Error;
  const text = process.env.MCP_LOG_LEVEL?.toLowerCase() === "debug" ? stack : message;
  const { printProblem } = await import("./cli/terminal-text.ts");
  printProblem(text ?? message);
  process.exitCode = 1;
}
