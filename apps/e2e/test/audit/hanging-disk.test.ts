/** @module-tag fsfreeze */
import { spawnSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awaitLogEvent, poll, startProcess } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { AuditedCalls, callsSeen, expectWrittenDown } from "../../src/harness/audited-calls.ts";
import { gatewayArguments, writeConfig } from "../../src/harness/gateway-process.ts";
import { journalRecords, verifyJournal } from "../../src/harness/journal.ts";
import { rest } from "../../src/harness/rest.ts";
import { temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { nodeServer } from "../../src/harness/upstreams.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

const TIMEOUTS =
  /^mcp_hangar_telemetry_failures_total\{[^}]*exporter="audit_journal"[^}]*reason="timeout"[^}]*\} (\d+)$/m;

test("a disk that hangs is told of by health, readiness and metrics, nothing is done meanwhile, and calls go on when it does", async () => {
  await using folder = await temporaryFolder();
  const record = join(folder.path, "seen");
  const configFile = await writeConfig(folder.path, {
    mcp_servers: { own: nodeServer(fixtureFile("telling/main.ts"), record) },
    compliance: { journal: { folder: join(folder.path, "disk/journal"), mode: "fail_closed" } },
  });
  // A disk of its own, which no other process sees, and which is gone with the gateway.
  const script = join(folder.path, "start.sh");
  writeFileSync(
    script,
    'mkdir disk && truncate -s 16M image && mkfs.ext4 -q image && mount -o loop image disk && exec "$@"\n',
  );
  const args = gatewayArguments("serve", "--http", "--port", "0", "--config", configFile);
  await using child = await startProcess({
    command: "unshare",
    args: ["--mount", "sh", script, process.execPath, ...args],
    cwd: folder.path,
  });
  /** What is written to a frozen file system waits in the kernel, and so does the end of the process that writes. */
  const freeze = (option: "--freeze" | "--unfreeze"): number | null =>
    spawnSync("nsenter", ["-t", String(child.pid), "-m", "fsfreeze", option, join(folder.path, "disk")]).status;
  const url = String((await awaitLogEvent(child, "http_listening")).url).replace(/\/$/, "");
  const ready = () => rest({ url }, "GET", "/health/ready");
  const timeouts = async (): Promise<number> =>
    Number(TIMEOUTS.exec((await rest({ url }, "GET", "/metrics")).text)?.[1] ?? 0);
  const calls = new AuditedCalls(url, "own");
  for (let number = 0; number < 5; number++) expect(await calls.call()).toBe(true);
  expect((await ready()).status).toBe(200);
  expect(await timeouts()).toBe(0);

  try {
    expect(freeze("--freeze")).toBe(0);
    const seen = callsSeen(record);
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
    expect(callsSeen(record)).toBe(seen);
    expect((await rest({ url }, "GET", "/health/live")).status).toBe(200);
  } finally {
    freeze("--unfreeze");
  }

  await poll("a call to be answered again", () => calls.call());
  await poll("the gateway to be ready", async () => (await ready()).status === 200);
  for (let number = 0; number < 5; number++) expect(await calls.call()).toBe(true);
  const kept = join(folder.path, "kept");
  cpSync(join(`/proc/${child.pid}/root`, folder.path, "disk/journal"), kept, { recursive: true });
  expectWrittenDown(await journalRecords(kept), "own", { seen: callsSeen(record), answered: calls.answered });
  expect(await verifyJournal(kept)).toMatchObject({ code: 0 });
  child.kill("SIGTERM");
  expect(await child.exited).toEqual({ code: 0, signal: null });
});
