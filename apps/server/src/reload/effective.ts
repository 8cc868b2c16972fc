import { isSecretKey, REDACTED, redactText } from "@mcp-hangar/telemetry";
import { literalPartOf, withoutDefaults } from "../config/expand.ts";
import type { ParsedConfig } from "../config/load.ts";
import type { ConfigPath } from "../config/problem.ts";

type TemplateOf = ParsedConfig["templateOf"];

/** Sections whose values are credentials more often than not, whatever their names are. */
const CREDENTIAL_SECTIONS: ReadonlySet<unknown> = new Set(["env", "headers"]);

/** The configuration with all defaults, for eyes that must not see secrets. Text from variables is shown as `${NAME}`. */
export function effectiveConfig(config: object, templateOf: TemplateOf): Record<string, unknown> {
  return showSection(config, [], templateOf);
}

function showSection(section: object, path: ConfigPath, templateOf: TemplateOf): Record<string, unknown> {
  const entries = Object.entries(section).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, show(value, [...path, name], templateOf)]));
}

function show(value: unknown, path: ConfigPath, templateOf: TemplateOf): unknown {
  if (typeof value === "string") return showText(value, isCredential(path), templateOf(path));
  if (typeof value !== "object" || value === null) return value;
  if (!Array.isArray(value)) return showSection(value, path, templateOf);
  return value.map((entry: unknown, index) => {
    const below = [...path, index];
    // `--token`, `abc`: the value of an option stands after its name.
    if (typeof entry === "string" && isSecretOption(value[index - 1])) return showText(entry, true, templateOf(below));
    return show(entry, below, templateOf);
  });
}

function showText(text: string, secret: boolean, template: string | undefined): string {
  const written = template === undefined ? text : withoutDefaults(template);
  if (!secret) return redactText(written);
  const literal = template === undefined ? text : literalPartOf(template);
  // The name of a scheme in front of a variable gives nothing away.
  return /^(?:Bearer|Basic|Token)?\s*$/i.test(literal) ? written : REDACTED;
}

function isCredential(path: ConfigPath): boolean {
  // The section `auth` has issuers, roles and the like; what is secret in it says so by its own name.
  return path.some(
    (part) => typeof part === "string" && (CREDENTIAL_SECTIONS.has(part) || (part !== "auth" && isSecretKey(part))),
  );
}

function isSecretOption(text: unknown): boolean {
  return typeof text === "string" && /^--?[a-z]/i.test(text) && !text.includes("=") && isSecretKey(text);
}
