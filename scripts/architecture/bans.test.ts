import { describe, expect, it } from "vitest";
import { checkBans, mayUseAmbient } from "./bans.ts";
import { parseSource } from "./source-file.ts";

const file = "packages/core/src/example.ts";

function banned(text: string): readonly string[] {
  return checkBans(parseSource(file, text)).map(({ rule }) => rule.replace(" is banned here", ""));
}

describe("the ban on ambient time, randomness, environment and processes", () => {
  it.each([
    ["Date.now()", "Date.now"],
    ["const read = Date.now;", "Date.now"],
    ['Date["now"]()', "Date.now"],
    ["globalThis.Date.now()", "Date.now"],
    ["const { now } = Date;", "Date.now"],
    ["new Date()", "new Date()"],
    ["new Date", "new Date()"],
    ["new globalThis.Date()", "new Date()"],
    ["Date()", "Date()"],
    ["performance.now()", "performance.now"],
    ["process.hrtime.bigint()", "process.hrtime"],
    ["AbortSignal.timeout(5)", "AbortSignal.timeout"],
    ["Math.random()", "Math.random"],
    ["crypto.randomUUID()", "crypto.randomUUID"],
    ["globalThis.crypto.getRandomValues(bytes)", "crypto.getRandomValues"],
    ['import { randomBytes } from "node:crypto";', "crypto.randomBytes"],
    ['import { createHash, randomUUID as id } from "crypto";', "crypto.randomUUID"],
    ['import * as secrets from "node:crypto"; secrets.randomInt(5);', "crypto.randomInt"],
    ['import secrets from "node:crypto"; secrets.randomBytes(5);', "crypto.randomBytes"],
    ["setTimeout(() => undefined, 5)", "setTimeout"],
    ["const schedule = setInterval;", "setInterval"],
    ["globalThis.setImmediate(run)", "globalThis.setImmediate"],
    ["start({ setTimeout })", "setTimeout"],
    ["(setTimeout as Scheduler)(run)", "setTimeout"],
    ["process.env.HOME", "process.env"],
    ["const { env } = process;", "process.env"],
    ['import { spawn } from "node:child_process";', 'the module "node:child_process"'],
    ['import "child_process";', 'the module "child_process"'],
    ['export { spawn } from "node:child_process";', 'the module "node:child_process"'],
    ['const { spawn } = await import("node:child_process");', 'the module "node:child_process"'],
    ['require("node:child_process")', 'the module "node:child_process"'],
    ['import { env } from "node:process";', 'the module "node:process"'],
    ['import { setTimeout as wait } from "node:timers/promises";', 'the module "node:timers/promises"'],
    ['import { performance } from "node:perf_hooks";', "perf_hooks.performance"],
  ])("catches %s", (text, what) => {
    expect(banned(text)).toEqual([what]);
  });

  it.each([
    ["a comment", "// Date.now() and setTimeout are banned\n/* process.env */"],
    ["a string", 'const message = "call Date.now() or setTimeout";'],
    ["a template", "const message = `use process.env or setTimeout`;"],
    ["a regular expression", "const pattern = /Math.random()/;"],
    ["a date of a given time", "new Date(nowMs).toISOString()"],
    ["another object's timer", "clock.setTimeout(run, 5); this.clock.now();"],
    ["a member named like a timer", "const clock = { setTimeout: schedule, setInterval(run) {} };"],
    ["a type", "interface Clock { setTimeout(run: () => void): void }\ntype Schedule = typeof setTimeout;"],
    ["a type import", 'import type { ChildProcess } from "node:child_process";'],
    ["an inline type import", 'import { type ChildProcess } from "node:child_process";'],
    ["deterministic cryptography", 'import { createHash } from "node:crypto"; createHash("sha256");'],
    ["watching the event loop", 'import { monitorEventLoopDelay } from "node:perf_hooks"; monitorEventLoopDelay();'],
    ["other members of process", "process.memoryUsage()"],
    ["arithmetic", "Math.max(1, 2)"],
  ])("leaves %s alone", (_name, text) => {
    expect(banned(text)).toEqual([]);
  });

  it("finds every use in a file and names file, line, rule and mend", () => {
    const found = checkBans(parseSource(file, "const a = 1;\nconst t = Date.now();\n\nconst r = Math.random();\n"));
    expect(found).toEqual([
      { file, line: 2, rule: "Date.now is banned here", mend: expect.stringContaining("clock as an argument") },
      { file, line: 4, rule: "Math.random is banned here", mend: expect.stringContaining("random source") },
    ]);
  });

  it.each([
    ["packages/core/src/gateway.ts", false],
    ["packages/core/src/platform-notes.ts", false],
    ["packages/metrics/src/platform/clock.ts", false],
    ["packages/core/src/platform/clock.ts", true],
    ["packages/compliance/src/exporters/machine.ts", true],
    ["packages/compliance/src/sinks/send-records.ts", false],
    ["packages/core/src/testing/fake-clock.ts", true],
    ["packages/core/src/gateway.test.ts", true],
    ["packages/metrics/test/scrape.ts", true],
    ["packages/testing/src/poll.ts", true],
    ["apps/server/src/main.ts", true],
    ["scripts/with-toolchain.mjs", true],
  ])("knows whether %s may use them by itself: %s", (path, may) => {
    expect(mayUseAmbient(path)).toBe(may);
  });
});
