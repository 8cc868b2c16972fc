import { z } from "zod";
import { ENVIRONMENT } from "./environment.ts";
import { isReloadable } from "./reloadable.ts";
import { configSchema } from "./schema.ts";
import { unwrapSchema } from "./schema-tree.ts";

/** One key of the configuration as the reference shows it. */
export interface ReferenceEntry {
  readonly path: string;
  readonly type: string;
  /** As YAML; `undefined` when there is none. */
  readonly defaultValue: string | undefined;
  readonly required: boolean;
  readonly description: string;
  readonly variable: string | undefined;
  /** The kinds of section that have the key, such as `remote` or `docker, remote`; `undefined` when all have it. */
  readonly onlyIn: string | undefined;
  /** Whether a change of it takes effect without a restart. */
  readonly reloadable: boolean;
}

/** A key before it is described. */
interface Key {
  readonly name: string;
  readonly schema: z.core.$ZodType;
  readonly onlyIn: string | undefined;
}

/** Every key of the configuration, sections before what is in them. */
export function referenceEntries(): readonly ReferenceEntry[] {
  return entriesBelow(configSchema, "");
}

/** The page `docs/reference/config.md`. */
export function configReference(): string {
  const sections = Map.groupBy(referenceEntries(), ({ path }) => path.split(".")[0] ?? path);
  return `${[INTRODUCTION, ...[...sections].map(([name, entries]) => sectionText(name, entries)), variablesText()].join("\n")}`;
}

const INTRODUCTION = `# Configuration

<!-- Generated from apps/server/src/config/schema.ts by pnpm generate. Do not edit. -->

One YAML file: \`--config\`, else \`MCP_CONFIG\`, else \`config.yaml\` in the working directory. \`mcp-hangar config check\`
lists every problem in it, and in the programs, folders and files that it names (\`--syntax-only\` leaves those out); a key that
is not on this page is a problem.

\`\${VAR}\` and \`\${VAR:-default}\` are replaced in every text value; the default also stands in for an empty variable, a
variable that is not set is an error, and \`$\${\` is a literal \`\${\`. Inside \`{…}\` and \`[…]\` YAML wants quotes around them.

\`\${file:path}\` is the content of a file, without the line break at its end: for secrets that are mounted, such as
\`\${file:/run/secrets/token}\`. A relative path begins at the folder of the configuration file. It must be a regular file of at
most 64 KiB of UTF-8 text. The default of \`\${file:path:-default}\` stands in for a file that is empty or does not exist. When the
content of such a file changes, the configuration is reloaded as if it had changed itself.

\`\`\`yaml
mcp_servers:
  files:
    mode: subprocess
    command: [npx, -y, "@modelcontextprotocol/server-filesystem", "\${HOME}/shared"]
  search:
    mode: remote
    endpoint: https://search.example.com/mcp
    auth:
      type: bearer
      token: \${SEARCH_TOKEN}
\`\`\`

Keys marked *reload* take effect when the file changes, with SIGHUP, \`POST /api/config/reload\` or \`mcp-hangar config reload\`;
those marked *restart* when the gateway is started anew.
`;

function sectionText(name: string, entries: readonly ReferenceEntry[]): string {
  const [section, ...keys] = entries;
  const rows = keys.map((entry) => {
    const notes = entry.required ? "required" : entry.defaultValue === undefined ? "" : `\`${entry.defaultValue}\``;
    const onlyIn = entry.onlyIn === undefined ? "" : `Only \`${entry.onlyIn.replaceAll(", ", "`, `")}\`: `;
    const variable = entry.variable === undefined ? "" : ` Environment: \`${entry.variable}\`.`;
    const change = entry.reloadable ? "reload" : "restart";
    return `| \`${entry.path}\` | ${cell(entry.type)} | ${cell(notes)} | ${change} | ${onlyIn}${cell(entry.description)}${variable} |`;
  });
  return `## ${name}

${section?.description ?? ""}

| Key | Type | Default | Change by | What it does |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`;
}

function variablesText(): string {
  const rows = ENVIRONMENT.map(({ name, path, description }) => {
    return `| \`${name}\` | ${path === undefined ? "" : `\`${path.join(".")}\``} | ${cell(description)} |`;
  });
  return `## Environment

An option of the command line wins over a variable, and a variable over the file.

| Variable | Key | What it does |
| --- | --- | --- |
${rows.join("\n")}
`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function entriesBelow(schema: z.core.$ZodType, prefix: string): readonly ReferenceEntry[] {
  return keysOf(schema).flatMap((key) => {
    const path = prefix === "" ? key.name : `${prefix}.${key.name}`;
    return [entryOf(path, key), ...entriesBelow(key.schema, `${path}${STEP_DOWN[typeNameOf(key.schema)] ?? ""}`)];
  });
}

/** How a path goes on below what has any number of sections. */
const STEP_DOWN: Readonly<Record<string, string>> = { record: ".<id>", array: "[]" };

function typeNameOf(schema: z.core.$ZodType): string {
  return unwrapSchema(schema).schema._zod.def.type;
}

function keysOf(wrapped: z.core.$ZodType): readonly Key[] {
  const { def } = unwrapSchema(wrapped).schema._zod;
  if (def.type === "object")
    return Object.entries(def.shape).map(([name, schema]) => ({ name, schema, onlyIn: undefined }));
  if (def.type === "record") return isSection(def.valueType) ? keysOf(def.valueType) : [];
  if (def.type === "array") return isSection(def.element) ? keysOf(def.element) : [];
  if (def.type !== "union" || !("discriminator" in def) || !def.options.every(isSection)) return [];
  return keysOfUnion(String(def.discriminator), def.options);
}

/** The discriminator with the values of all members first, then their keys, shared ones once. */
function keysOfUnion(discriminator: string, members: readonly z.core.$ZodType[]): readonly Key[] {
  const kinds = members.map((member) => {
    const keys = keysOf(member);
    const own = keys.find(({ name }) => name === discriminator);
    return {
      keys: keys.filter((key) => key !== own),
      own,
      value: own === undefined ? "" : typeOf(own.schema).replaceAll("`", ""),
    };
  });
  const choices = kinds.flatMap(({ own }) => (own === undefined ? [] : [own.schema]));
  const described = new Set(choices.map((choice) => unwrapSchema(choice).description ?? ""));
  const schema = z.union(choices).describe([...described].join(" Or: "));
  const choice = { name: discriminator, schema, onlyIn: undefined };
  // Kinds that share a key share its schema; keys that only have the same name are told apart.
  const having = ({ name, schema }: Key): readonly string[] =>
    kinds
      .filter(({ keys }) => keys.some((key) => key.name === name && key.schema === schema))
      .map(({ value }) => value);
  const keys = new Map(kinds.flatMap((kind) => kind.keys.map((key) => [key.schema, key])));
  const placed = [...keys.values()].map((key) => ({ key, kinds: having(key) }));
  const common = placed.filter((key) => key.kinds.length === kinds.length).map(({ key }) => key);
  const special = placed
    .filter((key) => key.kinds.length < kinds.length)
    .sort((a, b) => a.kinds.length - b.kinds.length)
    .map(({ key, kinds: some }) => ({ ...key, onlyIn: some.join(", ") }));
  return [choice, ...special, ...common];
}

function isSection(schema: z.core.$ZodType): boolean {
  const { def } = unwrapSchema(schema).schema._zod;
  return def.type === "object" || (def.type === "union" && def.options.every(isSection));
}

function entryOf(path: string, key: Key): ReferenceEntry {
  const { description, optional, defaultValue, schema } = unwrapSchema(key.schema);
  return {
    path,
    type: typeOf(schema),
    defaultValue: defaultValue === undefined || isSection(schema) ? undefined : JSON.stringify(defaultValue),
    required: !optional,
    description: description ?? "",
    variable: ENVIRONMENT.findLast((variable) => variable.path?.join(".") === path)?.name,
    onlyIn: key.onlyIn,
    reloadable: isReloadable(path),
  };
}

function typeOf(wrapped: z.core.$ZodType): string {
  const { def } = unwrapSchema(wrapped).schema._zod;
  switch (def.type) {
    case "enum":
      return Object.values(def.entries)
        .map((value) => `\`${value}\``)
        .join(", ");
    case "literal":
      return def.values.map((value) => `\`${String(value)}\``).join(", ");
    case "union":
      return def.options.every(isSection) ? "section" : def.options.map(typeOf).join(" or ");
    case "array":
      return isSection(def.element) ? "list of sections" : `list of ${typeOf(def.element)}`;
    case "record":
      return isSection(def.valueType) ? "sections by id" : `${typeOf(def.valueType)} by name`;
    case "object":
      return "section";
    case "number":
      return rangeOf(wrapped);
    case "string":
      return "text";
    default:
      return def.type;
  }
}

/** Read from the JSON Schema of the number: what zod keeps itself is not part of its interface. */
function rangeOf(schema: z.core.$ZodType): string {
  const { type, minimum, exclusiveMinimum, maximum } = z.toJSONSchema(schema);
  const lowest = minimum === undefined ? `more than ${exclusiveMinimum}` : String(minimum);
  return `${type === "integer" ? "whole number" : "number"}, ${lowest} to ${maximum}`;
}
