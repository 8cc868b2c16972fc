import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { awaitLogEvent, type RunningProcess, startProcess } from "@mcp-hangar/testing";
import { expect } from "vitest";
import { AuditedCalls, callsSeen, expectWrittenDown } from "./audited-calls.ts";
import { gatewayArguments, writeConfig } from "./gateway-process.ts";
import { journalRecords, verifyJournal } from "./journal.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { nodeServer } from "./upstreams.ts";
import { fixtureFile } from "./workspace.ts";

/** A gateway with `fail_closed`, in front of the server `own`, whose journal lies on a disk that no other process sees. */
export interface GatewayOnDisk extends AsyncDisposable {
  readonly child: RunningProcess;
  readonly url: string;
  readonly calls: AuditedCalls;
  /** The folder in which the disk is mounted as `disk`, as the gateway sees it. */
  readonly folder: string;
  /** Where others see a file of the disk. */
  inside(path: string): string;
  /** Calls that the server has seen. */
  seen(): number;
  /** Expects the journal to have every call that was seen or answered, and the gateway to end in order. */
  expectWritten(): Promise<void>;
}

/** Starts it; `mount` are commands of the shell that make and mount `disk`, which is gone with the gateway. */
export async function startOnDisk(mount: string): Promise<GatewayOnDisk> {
  await using cleanup = new AsyncDisposableStack();
  const { path } = cleanup.use(await temporaryFolder());
  const record = join(path, "seen");
  const configFile = await writeConfig(path, {
    mcp_servers: { own: nodeServer(fixtureFile("telling/main.ts"), record) },
    compliance: { journal: { folder: join(path, "disk/journal"), mode: "fail_closed" } },
  });
  const script = join(path, "start.sh");
  writeFileSync(script, `mkdir disk && ${mount} && exec "$@"\n`);
  const args = gatewayArguments("serve", "--http", "--port", "0", "--config", configFile);
  const child = cleanup.use(
    await startProcess({
      command: "unshare",
      args: ["--mount", "sh", script, process.execPath, ...args],
      cwd: path,
    }),
  );
  const url = String((await awaitLogEvent(child, "http_listening")).url).replace(/\/$/, "");
  const calls = new AuditedCalls(url, "own");
  const inside = (file: string): string => join(`/proc/${child.pid}/root`, path, "disk", file);
  const owned = cleanup.move();
  return {
    child,
    url,
    calls,
    folder: path,
    inside,
    seen: () => callsSeen(record),
    async expectWritten() {
      const kept = join(path, "kept");
      cpSync(inside("journal"), kept, { recursive: true });
      expectWrittenDown(await journalRecords(kept), "own", { seen: callsSeen(record), answered: calls.answered });
      expect(await verifyJournal(kept)).toMatchObject({ code: 0 });
      child.kill("SIGTERM");
      expect(await child.exited).toEqual({ code: 0, signal: null });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
