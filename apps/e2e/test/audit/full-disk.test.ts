/** @module-tag unshare */
import { cpSync, rmSync, writeFileSync } from "node:fs";
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

/** Calls in a row of which none is done. */
const REFUSED = 8;

test("with fail_closed nothing is done on a full disk that is not written down, and calls go on when there is room", async () => {
  await using folder = await temporaryFolder();
  const record = join(folder.path, "seen");
  const configFile = await writeConfig(folder.path, {
    mcp_servers: { own: nodeServer(fixtureFile("telling/main.ts"), record) },
    compliance: { journal: { folder: join(folder.path, "small/journal"), mode: "fail_closed" } },
  });
  // A disk of its own that is soon full, and becomes larger when the ballast is thrown off.
  const script = join(folder.path, "start.sh");
  writeFileSync(
    script,
    'mkdir small && mount -t tmpfs -o size=256k tmpfs small && dd if=/dev/zero of=small/ballast bs=1k count=150 2>/dev/null && exec "$@"\n',
  );
  const args = gatewayArguments("serve", "--http", "--port", "0", "--config", configFile);
  await using child = await startProcess({
    command: "unshare",
    args: ["--mount", "sh", script, process.execPath, ...args],
    cwd: folder.path,
  });
  const url = String((await awaitLogEvent(child, "http_listening")).url).replace(/\/$/, "");
  // What others see of the file system of the gateway.
  const inside = (path: string): string => join(`/proc/${child.pid}/root`, folder.path, "small", path);
  const calls = new AuditedCalls(url, "own");
  await poll("a call to be refused", async () => !(await calls.call()));
  expect(calls.answered.length).toBeGreaterThan(5);

  // A disk that is nearly full may have room for an intent, and none for the end: that call is not answered, and says so.
  let seen = 0;
  await poll("nothing to be done any more", async () => {
    seen = callsSeen(record);
    const answered = calls.answered.length;
    for (let number = 0; number < REFUSED; number++) await calls.call();
    return callsSeen(record) === seen && calls.answered.length === answered;
  });
  for (const { message, data } of calls.refused) {
    expect({ message, data }).toMatchObject({
      message: expect.stringMatching(
        /^(?:nothing was done|it may have been done, and how it ended could not be written down): the audit journal cannot be written: /,
      ),
      data: { retryable: true, retry_after_ms: expect.any(Number) },
    });
  }
  const refusedBefore = calls.refused.length;
  for (let number = 0; number < REFUSED; number++) await calls.call();
  const later = calls.refused.slice(refusedBefore).map(({ message }) => message);
  expect(later).toEqual(Array.from({ length: REFUSED }, () => expect.stringMatching(/^nothing was done: /)));
  const overRest = await rest({ url }, "POST", "/api/mcp_servers/own/tools/ok/call", { body: { arguments: {} } });
  expect([overRest.status, overRest.json()]).toMatchObject([503, { error: { code: "audit_unavailable" } }]);
  expect(callsSeen(record)).toBe(seen);
  const ready = await rest({ url }, "GET", "/health/ready");
  expect([ready.status, ready.text]).toEqual([503, expect.stringContaining('"audit_journal"')]);

  rmSync(inside("ballast"));
  await poll("a call to be answered again", () => calls.call());
  await poll("the gateway to be ready", async () => (await rest({ url }, "GET", "/health/ready")).status === 200);
  for (let number = 0; number < 10; number++) expect(await calls.call()).toBe(true);
  const kept = join(folder.path, "kept");
  cpSync(inside("journal"), kept, { recursive: true });
  expectWrittenDown(await journalRecords(kept), "own", { seen: callsSeen(record), answered: calls.answered });
  expect(await verifyJournal(kept)).toMatchObject({ code: 0 });
  child.kill("SIGTERM");
  expect(await child.exited).toEqual({ code: 0, signal: null });
});
