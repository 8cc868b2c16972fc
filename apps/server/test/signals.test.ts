import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hangarArguments, killProcesses, startHangar } from "@mcp-hangar/testing";
import { afterAll, afterEach, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "hangar-signals-"));
const config = join(folder, "config.yaml");
writeFileSync(config, JSON.stringify({ mcp_servers: {}, http: { port: 0 }, config_reload: { watch: false } }));
const args = ["serve", "--http", "--config", config];

afterEach(killProcesses);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a gateway that is process 1, as in a container", { tags: ["unshare"] }, () => {
  it("ends when SIGTERM comes while it still starts", async () => {
    // A pipe in the place of the configuration: the gateway waits in the middle of its start until it is written.
    const pipe = join(folder, "pipe.yaml");
    execFileSync("mkfifo", [pipe]);
    const command = [process.execPath, ...hangarArguments("serve", "--http", "--config", pipe)];
    const outer = spawn("unshare", ["--pid", "--fork", "--kill-child", ...command], { stdio: "ignore" });
    try {
      let code: number | null | undefined;
      outer.once("exit", (exitCode) => {
        code = exitCode;
      });
      const writer = await openOnceRead(pipe);
      process.kill(childOf(outer.pid ?? 0), "SIGTERM");
      writeSync(writer, JSON.stringify({ mcp_servers: {}, http: { port: 0 } }));
      closeSync(writer);
      await expect.poll(() => code, { timeout: 60_000 }).toBe(0);
    } finally {
      outer.kill("SIGKILL");
    }
  });
});

/** Opens a pipe for writing as soon as there is a reader. */
async function openOnceRead(pipe: string): Promise<number> {
  let descriptor: number | undefined;
  const open = (): number | undefined => {
    try {
      descriptor = openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      // Nobody reads yet.
    }
    return descriptor;
  };
  await expect.poll(open, { timeout: 60_000, interval: 10 }).toBeDefined();
  return descriptor ?? 0;
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

describe("signals of a gateway that serves", () => {
  it("SIGUSR1 opens no debugger, SIGUSR2 and SIGPIPE end nothing, and all of them are survived in any number", async () => {
    const hangar = await startHangar(args);
    const url = String((await hangar.event("http_listening")).url);
    for (const signal of ["SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGWINCH", "SIGUSR1"] as const) hangar.kill(signal);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect(hangar.stderr()).not.toContain("Debugger");
    hangar.kill("SIGTERM");
    expect(await hangar.exited).toEqual({ code: 0, signal: null });
    expect(hangar.stderr()).not.toContain("Debugger");
  });
});
