import { isSecretKey, REDACTED, redactText, secretArguments } from "@mcp-hangar/telemetry";
import { literalPartOf, withoutDefaults } from "../config/expand.ts";
import type { ParsedConfig } from "../config/load.ts";
import type { ConfigPath } from "../config/problem.ts";

type TemplateOf = ParsedConfig["templateOf"];

/** Sections whose values are credentials more often than not, whatever their names are. */
const CREDENTIAL_SECTIONS: ReadonlySet<unknown> = new Set(["env", "headers"]);
/** Sections whose keys are names that people chose: what such a name means says nothing about what is below it. */
const SECTIONS_BY_NAME: ReadonlySet<unknown> = new Set(["mcp_servers", "sources", "roles", "role_map", "packages"]);
/** Values that nobody needs to see who may see the configuration: hashes of keys, and where private keys are. */
const NEEDLESS = /^(?:hash|key_file)$/;

/** The configuration with all defaults, for eyes that must not see secrets. Text from variables is shown as `${NAME}`. */
export function effectiveConfig(config: object, templateOf: TemplateOf): Record<string, unknown> {
  return showSection(config, [], templateOf);
}

function showSection(section: object, path: ConfigPath, templateOf: TemplateOf): Record<string, unknown> {
  const entries = Object.entries(section).filter(([, value]) => value !== undefined);
  const { command } = section as { readonly command?: unknown };
  return Object.fromEntries(
    entries.map(([name, value]) => {
      const below = [...path, name];
      // A command line goes on in `args`: its last word may be an option whose value is the first of them.
      const before = name === "args" && Array.isArray(command) ? shownWord(command.at(-1)) : "";
      return [name, Array.isArray(value) ? showList(value, below, templateOf, before) : show(value, below, templateOf)];
    }),
  );
}

function show(value: unknown, path: ConfigPath, templateOf: TemplateOf): unknown {
  if (typeof value === "string") return showText(value, isCredential(path), templateOf(path));
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? showList(value, path, templateOf, "") : showSection(value, path, templateOf);
}

/** A list, which may be a command line: the value of an option stands behind its name. */
function showList(list: readonly unknown[], path: ConfigPath, templateOf: TemplateOf, before: string): unknown {
  const written = list.map((entry, index) => writtenText(shownWord(entry), templateOf([...path, index])));
  const [, ...secrets] = secretArguments([before, ...written]);
  return list.map((entry, index) => {
    const begin = secrets[index];
    const text = written[index] ?? "";
    if (begin === undefined) return show(entry, [...path, index], templateOf);
    return `${redactText(text.slice(0, begin))}${showSecret(text.slice(begin))}`;
  });
}

function shownWord(entry: unknown): string {
  return typeof entry === "string" ? entry : "";
}

function showText(text: string, secret: boolean, template: string | undefined): string {
  const written = writtenText(text, template);
  if (!secret) return redactText(written);
  return template === undefined ? showSecret(written, written) : showSecret(written, literalPartOf(template));
}

function writtenText(text: string, template: string | undefined): string {
  return template === undefined ? text : withoutDefaults(template);
}

/** A secret is shown when nothing of it is written here, but for the name of a scheme in front of a variable. */
function showSecret(written: string, literal = literalPartOf(written)): string {
  return /^(?:Bearer|Basic|Token)?\s*$/i.test(literal) ? written : REDACTED;
}

function isCredential(path: ConfigPath): boolean {
  const keys = path.filter(
    (part, index): part is string => typeof part === "string" && !SECTIONS_BY_NAME.has(path[index - 1]),
  );
  if (keys.slice(0, -1).some((key) => CREDENTIAL_SECTIONS.has(key))) return true;
  const own = keys.at(-1) ?? "";
  // The file of API keys is no more to be known than that of a private key.
  if (NEEDLESS.test(own) || (own === "file" && keys.at(-2) === "api_keys")) return true;
  // The section `auth` has issuers, roles and the like; what is secret in it says so by its own name.
  return own !== "auth" && isSecretKey(own);
}
