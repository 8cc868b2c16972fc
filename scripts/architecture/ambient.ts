/** What reaching for the outside world costs, by kind: said in every message about it. */
const mends = {
  time: "take a clock as an argument (packages/core/src/platform/ has the real one)",
  randomness: "take the random source as an argument (packages/core/src/platform/ has the real one)",
  environment: "take the value as an argument; only apps read the environment",
  processes: "take a process launcher as an argument (packages/core/src/platform/ has the real one)",
} as const;

/** One kind of ambient authority. */
export type Ambient = keyof typeof mends;

/** What to do instead of using an ambient authority. */
export function mendFor(kind: Ambient): string {
  return mends[kind];
}

/** Globals that may not be named at all. */
export const bannedGlobals: Readonly<Record<string, Ambient>> = {
  setTimeout: "time",
  setInterval: "time",
  setImmediate: "time",
};

/** Members of globals, and of modules that stand under their own name, that may not be read, called or picked out by destructuring. */
export const bannedMembers: Readonly<Record<string, Readonly<Record<string, Ambient>>>> = {
  Date: { now: "time" },
  performance: { now: "time" },
  AbortSignal: { timeout: "time" },
  Math: { random: "randomness" },
  crypto: {
    getRandomValues: "randomness",
    randomBytes: "randomness",
    randomFill: "randomness",
    randomFillSync: "randomness",
    randomInt: "randomness",
    randomUUID: "randomness",
    randomUUIDv7: "randomness",
  },
  perf_hooks: { performance: "time" },
  process: { env: "environment", hrtime: "time" },
};

/** Modules that may not be imported, except for their types. */
export const bannedModules: Readonly<Record<string, Ambient>> = {
  child_process: "processes",
  cluster: "processes",
  process: "environment",
  timers: "time",
  "timers/promises": "time",
};

/** Modules of which only the members listed above are banned: hashing and watching the event loop are harmless. */
export const partlyBannedModules: Readonly<Record<string, keyof typeof bannedMembers>> = {
  crypto: "crypto",
  perf_hooks: "perf_hooks",
};
