import { spawn } from "node:child_process";
import { commandLine, isAlive, parentOf, poll, processesMarked } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import { call, fixture, open, textOf } from "./harness.ts";

/** In the command line of everything a test starts, so that it finds what is left. */
const markers = (function* () {
  for (let i = 0; ; i++) yield `hangar-end-${process.pid}-${i}`;
})();
const newMarker = (): string => markers.next().value as string;
const stubborn = (marker: string): string[] => [process.execPath, fixture("odd-server.mjs"), "stubborn", marker];

/** The supervisor of the server with a marker; `starter` is the process that holds the session. */
function supervisorOf(marker: string, starter: number): number {
  const supervisor = processesMarked(marker).find((pid) => parentOf(pid) === starter);
  if (supervisor === undefined) throw new Error(`no supervisor of ${marker}`);
  return supervisor;
}

describe("ending a session leaves no process behind", () => {
  test("when the server ends at the end of its input", async () => {
    const marker = newMarker();
    const limits = { stop: { eofMs: 120_000, termMs: 120_000 } };
    const ranOut: number[] = [];
    const schedule = (ms: number, run: () => void): (() => void) =>
      nodePlatform.clock.schedule(ms, () => {
        ranOut.push(ms);
        run();
      });
    const context = { platform: { ...nodePlatform, clock: { ...nodePlatform.clock, schedule } } };
    const command = [process.execPath, fixture("legacy-server.mjs"), marker];
    const { session } = await open({ command, limits, context });
    expect(processesMarked(marker)).toHaveLength(3);
    await session.close();
    expect(processesMarked(marker)).toEqual([]);
    // It was not told to go, which would have been at the end of that time.
    expect(ranOut).not.toContain(limits.stop.eofMs);
  });

  test("when server and grandchild ignore the end of input and SIGTERM", async () => {
    const marker = newMarker();
    const { session } = await open({ command: stubborn(marker) });
    // Supervisor, watcher, server, grandchild.
    await poll("grandchild", () => processesMarked(marker).length === 4);
    await session.close();
    expect(processesMarked(marker)).toEqual([]);
  });

  test("when the server exits and a grandchild stays", async () => {
    const { session, recorder } = await open({ command: [process.execPath, fixture("legacy-server.mjs")] });
    const grandchild = Number(textOf(await call(session, "family")));
    expect(isAlive(grandchild)).toBe(true);
    await call(session, "crash");
    expect(recorder.closed).toHaveLength(1);
    await poll("end of the grandchild", () => !isAlive(grandchild));
    await session.close();
  });

  test("when the supervisor is killed", async () => {
    const marker = newMarker();
    const { session, recorder } = await open({ command: stubborn(marker) });
    process.kill(supervisorOf(marker, process.pid), "SIGKILL");
    await poll("report", () => recorder.closed.length === 1);
    expect(recorder.closed[0]).toContain("was killed together with its supervisor");
    await poll("end of all", () => processesMarked(marker).length === 0);
    await session.close();
  });
});

describe("a child that has left the process group with setsid does not stay", { tags: ["linux"] }, () => {
  const daemon = (marker: string): string[] => [process.execPath, fixture("odd-server.mjs"), "daemon", marker];
  /** Supervisor, watcher, server, and the child in a session of its own. */
  const all = async (marker: string): Promise<readonly number[]> => {
    await poll("all processes", () => processesMarked(marker).length === 4);
    return processesMarked(marker);
  };
  /** The server itself, whose parent is the supervisor. */
  const serverOf = (marker: string, supervisor: number): number => {
    const pid = processesMarked(marker).find(
      (each) => parentOf(each) === supervisor && commandLine(each).startsWith(process.execPath),
    );
    if (pid === undefined) throw new Error(`no server of ${marker}`);
    return pid;
  };

  test("when the session is closed in peace", async () => {
    const marker = newMarker();
    const { session } = await open({ command: daemon(marker) });
    await all(marker);
    await session.close();
    // Killed when the session is closed, but the kernel takes its time to end what was killed.
    await poll("end of all", () => processesMarked(marker).length === 0);
  });

  test("when the server has to be killed", async () => {
    const marker = newMarker();
    const { session } = await open({ command: daemon(marker), limits: { stop: { eofMs: 0, termMs: 0 } } });
    await all(marker);
    await session.close();
    // Killed when the session is closed, but the kernel takes its time to end what was killed.
    await poll("end of all", () => processesMarked(marker).length === 0);
  });

  test("when the server crashes", async () => {
    const marker = newMarker();
    const { session, recorder } = await open({ command: daemon(marker) });
    await all(marker);
    process.kill(serverOf(marker, supervisorOf(marker, process.pid)), "SIGKILL");
    await poll("report", () => recorder.closed.length === 1);
    await poll("end of all", () => processesMarked(marker).length === 0);
    await session.close();
  });

  test("when the supervisor is killed", async () => {
    const marker = newMarker();
    const { session } = await open({ command: daemon(marker) });
    await all(marker);
    process.kill(supervisorOf(marker, process.pid), "SIGKILL");
    await poll("end of all", () => processesMarked(marker).length === 0);
    await session.close();
  });

  test("when the gateway is killed", async () => {
    const marker = newMarker();
    const { pid, ended } = await gateway(marker, daemon(marker));
    process.kill(pid, "SIGKILL");
    await poll("end of all", () => processesMarked(marker).length === 0);
    await ended;
  });

  test("and that of another server does", async () => {
    const [one, other] = [newMarker(), newMarker()];
    const first = await open({ command: daemon(one) });
    const second = await open({ command: daemon(other) });
    await Promise.all([all(one), all(other)]);
    await first.session.close();
    await poll("end of all", () => processesMarked(one).length === 0);
    expect(processesMarked(other)).toHaveLength(4);
    await second.session.close();
  });
});

/** Runs a gateway in miniature that holds a session with a stubborn server. */
async function gateway(marker: string, command = stubborn(marker)): Promise<{ pid: number; ended: Promise<void> }> {
  const host = spawn(process.execPath, ["--conditions=@mcp-hangar/source", fixture("host.mjs"), ...command], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { pid } = host;
  if (pid === undefined) throw new Error("no process");
  const ended = new Promise<void>((resolve) => host.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    host.stdout.once("data", () => resolve());
    host.once("exit", () => reject(new Error("the gateway ended early")));
  });
  // The gateway itself, too, has the marker in its command line.
  await poll("all processes", () => processesMarked(marker).length === 5);
  return { pid, ended };
}

test.each(["SIGKILL", "SIGTERM", "SIGABRT"] as const)(
  "nothing outlives a gateway that is ended with %s, however stubborn",
  async (signal) => {
    const marker = newMarker();
    const { pid, ended } = await gateway(marker);
    process.kill(pid, signal);
    await poll("end of all", () => processesMarked(marker).length === 0);
    await ended;
  },
);

test("nothing outlives a gateway that is killed while it asks the server to go", async () => {
  const marker = newMarker();
  const { pid, ended } = await gateway(marker);
  process.kill(-supervisorOf(marker, pid), "SIGTERM");
  process.kill(pid, "SIGKILL");
  await poll("end of all", () => processesMarked(marker).length === 0);
  await ended;
});
