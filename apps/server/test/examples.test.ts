import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../src/config/load.ts";
import { isLoopback } from "../src/http/host-names.ts";

const PAGES = ["../README.md", "../../../README.md"];

/** The variables that examples name. */
const ENVIRONMENT = new Proxy<Record<string, string>>(
  {},
  { get: (_target, name) => (String(name).startsWith("MCP_") ? undefined : "x") as string },
);

/** The pieces of configuration on a page; files for other programs say which API they are of. */
function examplesOf(page: string): readonly (readonly [string, string])[] {
  const text = readFileSync(fileURLToPath(new URL(page, import.meta.url)), "utf8");
  return [...text.matchAll(/^```yaml\n(.*?)^```/gms)]
    .map(([, example = ""], index) => [`${page} ${index + 1}: ${example.split("\n", 1)[0]}`, example] as const)
    .filter(([, example]) => !example.includes("apiVersion:"));
}

const EXAMPLES = PAGES.flatMap(examplesOf);

describe.each(EXAMPLES)("the example %s", (_name, example) => {
  it("is a valid configuration that lets no stranger in from elsewhere", () => {
    const { config } = parseConfig(example, ENVIRONMENT, "example");
    const { api_keys: keys, jwt } = config.auth;
    const hosts = [
      config.http.host,
      ...(config.observability.metrics.port === undefined ? [] : [config.observability.metrics.host]),
    ];
    expect(hosts.every(isLoopback) || keys !== undefined || jwt !== undefined).toBe(true);
  });
});

it("there are examples", () => {
  expect(EXAMPLES.length).toBeGreaterThan(5);
});
