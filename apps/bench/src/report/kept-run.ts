import { spawnSync } from "node:child_process";
import { cpus, loadavg, totalmem, type } from "node:os";
import { join } from "node:path";
import type { BenchOptions } from "../options.ts";
import type { Section } from "../run.ts";

/** A run of the bench as it is kept: what it found, where, when and of what. */
export interface KeptRun extends RunCircumstances {
  readonly sections: readonly Section[];
}

/** What one has to know of a run to read its figures. */
export interface RunCircumstances {
  /** When it began, ISO 8601 in UTC to the second. */
  readonly date: string;
  /** The last one that changed the gateway, shortened, with `+` if its sources were changed since; `unknown` outside of a repository. */
  readonly commit: string;
  readonly machine: {
    readonly node: string;
    readonly system: string;
    readonly cpus: number;
    readonly model: string;
    /** In whole GB. */
    readonly memoryGb: number;
    /** Processes that wanted a core in the minute before the run. */
    readonly loadBefore: number;
  };
  /** Seconds of load in one round, and rounds. */
  readonly load: Pick<BenchOptions, "seconds" | "rounds" | "era">;
}

/** The circumstances of a run that begins now. */
export function keptRun({ seconds, rounds, era }: BenchOptions): RunCircumstances {
  const model = cpus()[0]?.model ?? "unknown";
  const [loadBefore = 0] = loadavg();
  return {
    date: `${new Date().toISOString().slice(0, 19)}Z`,
    commit: commit(),
    machine: {
      node: process.version,
      system: `${type()} ${process.arch}`,
      cpus: cpus().length,
      model: model.trim(),
      memoryGb: Math.round(totalmem() / 1e9),
      loadBefore: Math.round(loadBefore * 10) / 10,
    },
    load: { seconds, rounds, era },
  };
}

/** What a gateway is built of. Commits of the bench itself come and go, and measure the same. */
const GATEWAY = ["packages", "apps/server", ":(exclude)packages/testing"];

function commit(): string {
  const last = git("log", "-1", "--format=%h", "--", ...GATEWAY);
  const changed = git("status", "--porcelain", "--", ...GATEWAY);
  return last === undefined || last === "" ? "unknown" : `${last}${changed === "" ? "" : "+"}`;
}

function git(...args: readonly string[]): string | undefined {
  const cwd = join(import.meta.dirname, "../../../..");
  const { status, stdout } = spawnSync("git", args, { cwd, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}
