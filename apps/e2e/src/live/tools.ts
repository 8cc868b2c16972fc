import { spawnSync } from "node:child_process";

/** The programs of the operating system that a live stack consists of, under the names of Debian's packages. */
const PROGRAMS = ["prometheus", "prometheus-alertmanager", "amtool"] as const;

/** The programs that are not installed: where one is missing, live tests are skipped. */
export function missingPrograms(): readonly string[] {
  return PROGRAMS.filter((program) => spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined);
}
