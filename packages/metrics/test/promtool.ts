import { spawnSync } from "node:child_process";

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
