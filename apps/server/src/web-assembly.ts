import { setFlagsFromString } from "node:v8";

const OWN_SETTING = /liftoff|wasm[-_](?:tier|dynamic)/;

/**
 * Has WebAssembly compiled once, and not again with all optimisations when it is used much: the thread that does so for the parser of HTTP
 * answers, the only WebAssembly that is loaded, keeps 10 MB for it. That a call costs less for it could not be measured. Has to be called
 * before the parser is loaded. Who has set such a flag for themselves keeps theirs.
 */
export function compileWebAssemblyOnce(): void {
  if ([...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((text) => OWN_SETTING.test(text))) return;
  // The first implies the others, but no more once V8 runs.
  for (const flag of ["--liftoff-only", "--no-wasm-tier-up", "--no-wasm-dynamic-tiering"]) setFlagsFromString(flag);
}
