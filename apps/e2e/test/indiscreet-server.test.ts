// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { join } from "node:path";
import { poll, runProcess } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { gatewayArguments, startGateway } from "../src/harness/gateway-process.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const SECRET = "kestrel over/the weir";
const OTHER = "p@ss&word=7/ü";
const TOLD = new RegExp(
  [SECRET, OTHER, Buffer.from(SECRET).toString("base64").slice(0, 20), encodeURIComponent(OTHER), "kestrel"]
    .map((text) => text.replaceAll(/[^\w ]/g, "\\$&"))
    .join("|"),
);

describe("a server that tells the secrets it was given", () => {
  test("is quoted without them in errors, log, history and status", async () => {
    await using folder = await temporaryFolder();
    const server = (...args: readonly string[]): Record<string, unknown> => {
      const options = nodeServer(fixtureFile("indiscreet/stdio.ts"), ...args);
      return { ...options, env: { ...(options.env as object), GIVEN_SECRET: "${FROM_OUTSIDE}", OTHER_SECRET: OTHER } };
    };
    await using gateway = await startGateway(
      {
        logging: { level: "debug", json_format: true },
        history: { file: join(folder.path, "history.db") },
        mcp_servers: { own: server(), refusing: server("--refuse") },
      },
      { FROM_OUTSIDE: SECRET },
    );
    const answers: string[] = [];
    for (const [id, tool] of [
      ["own", "error"],
      ["own", "noise"],
      ["own", "crash"],
      ["refusing", "error"],
    ] as const) {
      const answer = await modernRequest(gateway.mcpUrl(id), "tools/call", { name: tool, arguments: {} });
      answers.push(JSON.stringify(answer.message));
    }
    const pages = async (): Promise<string> => {
      const paths = ["mcp_servers/own", "mcp_servers/refusing", "mcp_servers", "history", "config", "system"];
      const logs = ["mcp_servers/own/logs?limit=100", "mcp_servers/refusing/logs?limit=100"];
      return (
        await Promise.all([...paths, ...logs].map(async (path) => (await fetch(`${gateway.url}/api/${path}`)).text()))
      ).join("\n");
    };
    // Everything that was written stands there, with something in the place of the secrets.
    await poll("the words of both servers in the history", async () => {
      const page = await pages();
      return ["began with", "noisy:", "crashed by", "no licence for"].every((words) => page.includes(words));
    });
    const log = gateway.process.stderr();
    expect(log).toContain("crashed by [redacted]");
    expect(answers[0]).toContain("refused: [redacted]");
    for (const text of [...answers, await pages(), log]) expect(text).not.toMatch(TOLD);
  });

  test("commands no terminal through the command line", async () => {
    await using gateway = await startGateway({
      mcp_servers: { own: nodeServer(fixtureFile("indiscreet/stdio.ts")) },
    });
    for (const [tool, ...options] of [["print"], ["print", "--json"], ["error"], ["error", "--json"]] as const) {
      const args = gatewayArguments("call", "own", tool, ...options, "--url", gateway.url);
      const { stdout, stderr } = await runProcess({ command: process.execPath, args });
      expect(stdout + stderr).toMatch(/printed|refused/);
      expect(stdout + stderr).not.toMatch(/(?![\n\t])\p{Cc}/u);
    }
  });
});
