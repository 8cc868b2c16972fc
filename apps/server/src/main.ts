#!/usr/bin/env node
import { takeSignals } from "./early-signals.ts";

takeSignals(process.argv[2] === "serve");
// Loaded only now, because a signal may come while it is.
const { runCommandLine } = await import("./cli/command-line.ts");
process.exitCode = await runCommandLine(process.argv.slice(2));
