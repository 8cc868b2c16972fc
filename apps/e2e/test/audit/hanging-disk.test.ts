/** @module-tag fsfreeze */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { startOnDisk } from "../../src/harness/gateway-on-disk.ts";
import { rest } from "../../src/harness/rest.ts";

const TIMEOUTS =
  /^mcp_hangar_telemetry_failures_total\{[^}]*exporter="audit_journal"[^}]*reason="timeout"[^}]*\} (\d+)$/m;

test("a disk that hangs is told of by health, readiness and metrics, nothing is done meanwhile, and calls go on when it does", async () => {
  await using own = await startOnDisk("truncate -s 16M image && mkfs.ext4 -q image && mount -o loop image disk");
  const { child, url, calls, folder } = own;
  /** What is written to a frozen file system waits in the kernel, and so does the end of the process that writes. */
  const freeze = (option: "--freeze" | "--unfreeze"): number | null =>
    spawnSync("nsenter", ["-t", String(child.pid), "-m", "fsfreeze", option, join(folder, "disk")]).status;
  const ready = () => rest({ url }, "GET", "/health/ready");
  const timeouts = async (): Promise<number> =>
    Number(TIMEOUTS.exec((await rest({ url }, "GET", "/metrics")).text)?.[1] ?? 0);
  for (let number = 0; number < 5; number++) expect(await calls.call()).toBe(true);
  expect((await ready()).status).toBe(200);
  expect(await timeouts()).toBe(0);

  try {
    expect(freeze("--freeze")).toBe(0);
    const seen = own.seen();
    // This one waits as long as any may for the disk.
    expect(await calls.call()).toBe(false);
    await poll("the gateway to say that it is not ready", async () => (await ready()).status === 503);
    expect((await ready()).text).toMatch(/"audit_journal".*the disk hangs: it has not answered for \d+ s/);
    await poll("failures to be counted", async () => (await timeouts()) > 0);
    expect(await calls.call()).toBe(false);
    expect(calls.refused.at(-1)).toMatchObject({
      message: expect.stringMatching(/^nothing was done: the audit journal cannot be written: the disk hangs/),
      data: { retryable: true, retry_after_ms: expect.any(Number) },
    });
    expect(own.seen()).toBe(seen);
    expect((await rest({ url }, "GET", "/health/live")).status).toBe(200);
  } finally {
    freeze("--unfreeze");
  }

  await poll("a call to be answered again", () => calls.call());
  await poll("the gateway to be ready", async () => (await ready()).status === 200);
  for (let number = 0; number < 5; number++) expect(await calls.call()).toBe(true);
  await own.expectWritten();
});
