import { spawn } from "node:child_process";
import { describe, expect, test } from "vitest";
import { call, fixture, isAlive, open, processesWith, textOf, until } from "./harness.ts";

/** In the command line of everything a test starts, so that it finds what is left. */
const markers = (function* () {
  for (let i = 0; ; i++) yield `hangar-end-${process.pid}-${i}`;
})();
const newMarker = (): string => markers.next().value as string;
const stubborn = (marker: string): string[] => [process.execPath, fixture("odd-server.mjs"), "stubborn", marker];

describe("ending a session leaves no process behind", () => {
  test("when the server ends at the end of its input", async () => {
    const marker = newMarker();
    const limits = { stop: { eofMs: 10_000, termMs: 10_000 } };
    const { session } = await open({ command: [process.execPath, fixture("legacy-server.mjs"), marker], limits });
    expect(await processesWith(marker)).toHaveLength(3);
    const startedMs = performance.now();
    await session.close();
    expect(await processesWith(marker)).toEqual([]);
    // Far below the time after which it would have been told to go.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  test("when server and grandchild ignore the end of input and SIGTERM", async () => {
    const marker = newMarker();
    const { session } = await open({ command: stubborn(marker) });
    // Supervisor, watcher, server, grandchild.
    await until("grandchild", async () => (await processesWith(marker)).length === 4);
    await session.close();
    expect(await processesWith(marker)).toEqual([]);
  });

  test("when the server exits and a grandchild stays", async () => {
    const { session, recorder } = await open({ command: [process.execPath, fixture("legacy-server.mjs")] });
    const grandchild = Number(textOf(await call(session, "family")));
    expect(await isAlive(grandchild)).toBe(true);
    await call(session, "crash");
    expect(recorder.closed).toHaveLength(1);
    await until("end of the grandchild", async () => !(await isAlive(grandchild)));
    await session.close();
  });

  test("when the supervisor is killed", async () => {
    const marker = newMarker();
    const { session, recorder } = await open({ command: stubborn(marker) });
    const [supervisor] = (await processesWith(marker)).filter((line) => line.includes("/bin/sh"));
    process.kill(Number.parseInt(supervisor ?? "", 10), "SIGKILL");
    await until("report", () => recorder.closed.length === 1);
    expect(recorder.closed[0]).toContain("was killed together with its supervisor");
    await until("end of all", async () => (await processesWith(marker)).length === 0);
    await session.close();
  });
});

/** Runs a gateway in miniature that holds a session with a stubborn server. */
async function gateway(marker: string): Promise<{ pid: number; ended: Promise<void> }> {
  const host = spawn(process.execPath, ["--conditions=@mcp-hangar/source", fixture("host.mjs"), ...stubborn(marker)], {
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
  await until("all processes", async () => (await processesWith(marker)).length === 5);
  return { pid, ended };
}

test.each(["SIGKILL", "SIGTERM", "SIGABRT"] as const)(
  "nothing outlives a gateway that is ended with %s, however stubborn",
  async (signal) => {
    const marker = newMarker();
    const { pid, ended } = await gateway(marker);
    process.kill(pid, signal);
    await until("end of all", async () => (await processesWith(marker)).length === 0, 5_000);
    await ended;
  },
);

test("nothing outlives a gateway that is killed while it asks the server to go", async () => {
  const marker = newMarker();
  const { pid, ended } = await gateway(marker);
  const [supervisor] = (await processesWith(marker)).filter((line) => line.includes("/bin/sh"));
  process.kill(-Number.parseInt(supervisor ?? "", 10), "SIGTERM");
  process.kill(pid, "SIGKILL");
  await until("end of all", async () => (await processesWith(marker)).length === 0, 5_000);
  await ended;
});
