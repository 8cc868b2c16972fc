#!/usr/bin/env node
import { useCompileCache } from "./compile-cache.ts";
import { takeSignals } from "./early-signals.ts";
import { interpretSchemas } from "./interpret-schemas.ts";
import { nodeProblem } from "./node-version.ts";

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}
takeSignals(process.argv[2] === "serve");
useCompileCache();
interpretSchemas();
// Loaded only now, because a signal may come while it is.
const { runCommandLine } = await import("./cli/command-line.ts");
process.exitCode = await runCommandLine(process.argv.slice(2));
