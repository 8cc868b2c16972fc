import { readFileSync } from "node:fs";
import { AUDIT_TYPES, type AuditRecord } from "@mcp-hangar/telemetry";

/** What formats say of the product that writes the records. */
export interface Product {
  readonly vendor: string;
  readonly name: string;
  readonly version: string;
}

/** This product; all its packages have one version. */
export const PRODUCT: Product = { vendor: "MCP Hangar", name: "MCP Hangar", version: ownVersion() };

function ownVersion(): string {
  // Our own manifest, from `src` and `dist` alike: npm publishes it with the package. A bundler can take it in, as it is written here.
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  return version;
}

/** A journal may hold records of a type that only another release knows. */
const DESCRIPTIONS: Readonly<Record<string, { readonly description: string } | undefined>> = AUDIT_TYPES;

/** What records of this type are about: one sentence, the same for all of them. */
export function describeType({ type }: AuditRecord): string {
  return DESCRIPTIONS[type]?.description ?? type;
}
