import { readFile } from "node:fs/promises";
import { InputUnusable } from "../diff/parse-lock.ts";
import type { MonitoringOverrides } from "../settings/options.ts";

/**
 * Reads what differs from the defaults. The file's owner answers for its types: the checks find thresholds and windows
 * that make no sense.
 * @throws InputUnusable when it cannot be read or is no JSON object.
 */
export async function readOptions(file: string | undefined): Promise<MonitoringOverrides> {
  if (file === undefined) return {};
  const content = parsed(await contentOf(file), file);
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new InputUnusable(
      `${file} holds no object. Give what differs from the defaults, such as {"jobName": "gateway-eu"}.`,
    );
  }
  return content;
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
