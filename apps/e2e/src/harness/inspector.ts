import { runProcess } from "@mcp-hangar/testing";
import { packageFile } from "./workspace.ts";

const INSPECTOR = packageFile("@modelcontextprotocol/inspector/clients/launcher/build/index.js");

/** Runs the official Inspector's command line against a URL and returns the result that it prints. Throws when it fails. */
export async function inspect(url: string, method: string, ...args: readonly string[]): Promise<unknown> {
  const target = ["--cli", "--server-url", url, "--transport", "http", "--method", method];
  const command = { command: process.execPath, args: [INSPECTOR, ...target, ...args, "--format", "json", "-q"] };
  const { code, stdout, stderr } = await runProcess(command, 60_000);
  if (code !== 0) throw new Error(`the Inspector exited with ${code}: ${stderr}${stdout}`);
  // With `--format json` it prints one object, whose result is the answer.
  return (JSON.parse(stdout) as { result: unknown }).result;
}
