import { rename, writeFile } from "node:fs/promises";
import { type LogEvent, poll } from "@mcp-hangar/testing";
import type { GatewayConfig, HttpGateway } from "./gateway-process.ts";

/** A gateway notices a changed file this soon in tests, in seconds. */
export const QUICK_RELOAD = { config_reload: { debounce_s: 0.1 } };

/** Puts another configuration, or a text that is none, in the place of the file, in one step as careful editors do. */
export async function writeOver(
  gateway: Pick<HttpGateway, "configFile">,
  content: GatewayConfig | string,
): Promise<void> {
  const text = typeof content === "string" ? content : JSON.stringify(withDefaults(content), undefined, 2);
  await writeFile(`${gateway.configFile}~`, text);
  await rename(`${gateway.configFile}~`, gateway.configFile);
}

/** What reloads were about so far. */
export function reloads(gateway: HttpGateway): readonly LogEvent[] {
  return gateway.events("config_reloaded");
}

/** Writes a configuration and waits until the gateway has noticed it and reloaded; returns the event. */
export async function reloadByFile(gateway: HttpGateway, content: GatewayConfig | string): Promise<LogEvent> {
  const before = reloads(gateway).length;
  await writeOver(gateway, content);
  return nextReload(gateway, before);
}

/** Waits for the reload after so many others. */
export function nextReload(gateway: HttpGateway, before: number): Promise<LogEvent> {
  return poll("a reload of the configuration", () => reloads(gateway)[before]);
}

/** An answer of the REST interface. */
export interface RestAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks the REST interface, with a JSON body if there is one. */
export async function rest(
  gateway: HttpGateway,
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<RestAnswer> {
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    signal: AbortSignal.timeout(60_000),
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: response.status, body: (await response.json()) as RestAnswer["body"] };
}

/** Writes a configuration and has it reloaded over REST. */
export async function reloadByRest(gateway: HttpGateway, content: GatewayConfig | string): Promise<RestAnswer> {
  await writeOver(gateway, content);
  return rest(gateway, "POST", "/api/config/reload");
}

function withDefaults(config: GatewayConfig): GatewayConfig {
  return { logging: { level: "info", json_format: true }, ...config };
}
