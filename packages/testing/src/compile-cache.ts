/**
 * The variable that lets Node.js keep compiled modules on disk, if the test process has it: compiling is half of what
 * the start of a gateway costs. Processes get a minimal environment, and servers that a gateway starts an even smaller
 * one, so it is handed on by name.
 */
export const COMPILE_CACHE: Readonly<Record<string, string>> =
  process.env.NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };
