import { isTestFile } from "./workspace.ts";

/** The leaf that every other package may build on. */
const telemetry = "@mcp-hangar/telemetry";
/** Queue and spool, for exporters and apps. */
const delivery = "@mcp-hangar/delivery";

/** How connections leave: for whatever connects out, and so for core and exporters alike. */
const egress = "@mcp-hangar/egress";

/**
 * Which of our packages each package under `packages/` may import; the exporters never see core nor each other.
 * A package that is not listed may not exist: adding one is a decision about this table.
 */
export const importTable: Readonly<Record<string, readonly string[]>> = {
  [telemetry]: [],
  [egress]: [],
  [delivery]: [telemetry, egress],
  "@mcp-hangar/core": [telemetry, egress],
  "@mcp-hangar/metrics": [telemetry, delivery],
  "@mcp-hangar/tracing": [telemetry, delivery],
  "@mcp-hangar/otlp-audit": [telemetry, delivery],
  "@mcp-hangar/langfuse": [telemetry, delivery, egress],
  "@mcp-hangar/compliance": [telemetry, delivery, egress],
  "@mcp-hangar/monitoring": [telemetry],
  "@mcp-hangar/testing": [],
};

/** What tests share; it is private, and what is published never depends on it. */
export const testSupport = "@mcp-hangar/testing";

/** Whether a file may import what tests share: tests may, and the apps that do nothing but test and measure. */
export function mayUseTestSupport(file: string): boolean {
  return isTestFile(file) || file.startsWith("apps/e2e/") || file.startsWith("apps/bench/");
}

/** Packages of others that belong to an exporter, which core therefore never imports. */
export const exporterVendors: RegExp = /^(prom-client|@opentelemetry\/.*|langfuse(-.*)?|@langfuse\/.*)$/;

/** The package that a bare specifier names, without its subpath: `@a/b/c` belongs to `@a/b`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Whether a specifier names one of our own packages or apps. */
export function isOurs(specifier: string): boolean {
  return specifier.startsWith("@mcp-hangar/") || packageOf(specifier) === "mcp-hangar";
}

/** Why a package may not use another of ours; `undefined` where it may. */
export function refusal(user: WorkspaceName, used: WorkspaceName): string | undefined {
  if (used.app) return `${user.name} uses ${used.name}, and nothing may import an app`;
  if (user.app) return undefined;
  const allowed = importTable[user.name];
  if (allowed === undefined) return `${user.name} does not stand in the import table`;
  if (allowed.includes(used.name)) return undefined;
  const may = allowed.length === 0 ? "none of our packages" : `only ${allowed.join(", ")}`;
  return `${user.name} uses ${used.name}, but may use ${may}`;
}

/** A workspace package's name and whether it is one of the apps, where the packages are joined. */
export interface WorkspaceName {
  readonly name: string;
  readonly app: boolean;
}
