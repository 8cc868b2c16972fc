import { spawnSync } from "node:child_process";

/** Whether the Prometheus tools are installed; where they are not, the tests that need them are skipped. */
export const promtoolInstalled: boolean = spawnSync("promtool", ["--version"]).status === 0;

/** What `promtool check metrics` says of a scrape; clean is an exit code of 0 and no text. */
export function checkMetrics(exposition: Uint8Array): {
  readonly exitCode: number | null;
  readonly complaints: string;
} {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: exposition,
    encoding: "utf8",
  });
  return { exitCode: status, complaints: `${stdout}${stderr}` };
}
