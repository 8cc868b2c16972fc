import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { awaitLogEvent, poll, processesMarked, startProcess } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { gatewayArguments, writeConfig } from "../src/harness/gateway-process.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";

/** Runs a program with a terminal of its own. */
const SCRIPT = "script";

describe.concurrent("SIGHUP", () => {
  test("ends a gateway that serves its client over stdio: whoever started it is gone", async () => {
    await using folder = await temporaryFolder();
    const config = await writeConfig(folder.path, { mcp_servers: {} });
    const args = gatewayArguments("serve", "--config", config);
    await using gateway = await startProcess({ command: process.execPath, args });
    await awaitLogEvent(gateway, "stdio_serving");
    gateway.kill("SIGHUP");
    expect(await gateway.exited).toEqual({ code: 0, signal: null });
  });

  test("reloads over HTTP, and ends it when it means that the terminal is gone", { tags: ["script"] }, async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "hangar.log");
    const logging = { level: "info", file };
    const config = await writeConfig(folder.path, { mcp_servers: {}, logging, config_reload: { watch: false } });
    const command = [process.execPath, ...gatewayArguments("serve", "--http", "--port", "0", "--config", config)];
    await using terminal = await startProcess({
      command: SCRIPT,
      args: ["-qec", command.map((part) => `'${part}'`).join(" "), "/dev/null"],
      env: { SHELL: "/bin/sh" },
    });
    const said = async (text: string): Promise<boolean> =>
      (await readFile(file, "utf8").catch(() => "")).includes(text);
    await poll("the gateway to listen", () => said("gateway_started"));
    const gateway = (): readonly number[] => processesMarked(`serve --http --port 0 --config ${config}`);
    // The shell that `script` starts has the same words in its command line, in quotes.
    const [pid] = gateway();
    if (pid === undefined) throw new Error("there is no gateway");
    process.kill(pid, "SIGHUP");
    await poll("the reload", () => said('"trigger":"signal"'));
    expect(gateway()).toEqual([pid]);
    terminal.kill("SIGKILL");
    await poll("the gateway to end", () => gateway().length === 0);
    expect(await said('"cause":"SIGHUP"')).toBe(true);
  });
});
