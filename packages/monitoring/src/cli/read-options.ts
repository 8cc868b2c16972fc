import { readFile } from "node:fs/promises";
import { InputUnusable } from "../diff/parse-lock.ts";
import type { MonitoringOverrides } from "../settings/options.ts";

/**
 * Reads what differs from the defaults; whether it does is for `resolveOptions` to say.
 * @throws InputUnusable when the file cannot be read or is no JSON.
 */
export async function readOptions(file: string | undefined): Promise<MonitoringOverrides> {
  // Whoever resolves the options looks at every key and value.
  return file === undefined ? {} : (parsed(await contentOf(file), file) as MonitoringOverrides);
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new InputUnusable(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputUnusable(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
