import type { Node } from "oxc-parser";
import { type Ambient, bannedGlobals, bannedMembers, bannedModules, mendFor, partlyBannedModules } from "./ambient.ts";
import { importedModules, type SourceFile, walk } from "./source-file.ts";
import { lineAt, type Violation } from "./violation.ts";
import { isTestFile } from "./workspace.ts";

/** Where a package may read the clock, the environment and so on by itself: core's platform, the machine of exporters that are used without a gateway, and support for tests. */
const ambientDirectories =
  /^packages\/(?:core\/src\/platform\/|compliance\/src\/exporters\/machine\.ts$|[^/]+\/src\/testing\/|testing\/src\/)/;

/** Whether a file may use time, randomness, environment and processes by itself; apps, scripts and tests may. */
export function mayUseAmbient(file: string): boolean {
  return isTestFile(file) || !file.startsWith("packages/") || ambientDirectories.test(file);
}

/** Finds every use of time, randomness, environment or processes that is not handed in as an argument. */
export function checkBans(source: SourceFile): readonly Violation[] {
  const found: Violation[] = [];
  const report = (what: string, kind: Ambient, line: number): void => {
    found.push({ file: source.file, line, rule: `${what} is banned here`, mend: mendFor(kind) });
  };
  for (const { specifier, line, typeOnly } of importedModules(source)) {
    const kind = typeOnly ? undefined : lookUp(bannedModules, specifier.replace(/^node:/, ""));
    if (kind !== undefined) report(`the module "${specifier}"`, kind, line);
  }
  const aliases = namesOfPartlyBannedModules(source);
  walk(source.parsed.program, (node, parent) => {
    if (isTypeOnly(node)) return false;
    for (const { what, kind } of ambientUses(node, parent, aliases))
      report(what, kind, lineAt(source.text, node.start));
    return true;
  });
  return found;
}

interface Use {
  readonly what: string;
  readonly kind: Ambient;
}

/** Local names that stand for a whole module such as `node:crypto`, mapped to the global with the same members. */
type Aliases = ReadonlyMap<string, string>;

function ambientUses(node: Node, parent: Node | undefined, aliases: Aliases): readonly Use[] {
  if (node.type === "Identifier") return isMerelyAName(node, parent) ? [] : use(node.name, bannedGlobals, node.name);
  if (node.type === "MemberExpression") {
    const member = memberName(node);
    if (member === undefined) return [];
    if (isNamed(node.object, "globalThis")) return use(`globalThis.${member}`, bannedGlobals, member);
    return useOfMember(objectName(node.object, aliases), member);
  }
  if (node.type === "VariableDeclarator" && node.init !== null) {
    const object = objectName(node.init, aliases);
    return pickedNames(node.id).flatMap((name) => useOfMember(object, name));
  }
  if (node.type === "NewExpression" && node.arguments.length === 0 && objectName(node.callee, aliases) === "Date") {
    return [{ what: "new Date()", kind: "time" }];
  }
  if (node.type === "CallExpression" && objectName(node.callee, aliases) === "Date") {
    return [{ what: "Date()", kind: "time" }];
  }
  if (node.type === "ImportDeclaration" && node.importKind !== "type") {
    const global = lookUp(partlyBannedModules, node.source.value.replace(/^node:/, ""));
    return node.specifiers.flatMap((name) =>
      name.type === "ImportSpecifier" && name.imported.type === "Identifier"
        ? useOfMember(global, name.imported.name)
        : [],
    );
  }
  return [];
}

function useOfMember(object: string | undefined, member: string): readonly Use[] {
  const members = object === undefined ? undefined : lookUp(bannedMembers, object);
  return members === undefined ? [] : use(`${object}.${member}`, members, member);
}

function use(what: string, table: Readonly<Record<string, Ambient>>, name: string): readonly Use[] {
  const kind = lookUp(table, name);
  return kind === undefined ? [] : [{ what, kind }];
}

/** The members that a destructuring pattern picks out. */
function pickedNames(pattern: Node): readonly string[] {
  if (pattern.type !== "ObjectPattern") return [];
  return pattern.properties.flatMap((property) =>
    property.type === "Property" && property.key.type === "Identifier" ? [property.key.name] : [],
  );
}

/** The global that an expression stands for: `crypto`, `globalThis.crypto`, or the local name of `node:crypto`. */
function objectName(node: Node, aliases: Aliases): string | undefined {
  if (node.type === "Identifier") return aliases.get(node.name) ?? node.name;
  if (node.type === "MemberExpression" && isNamed(node.object, "globalThis")) return memberName(node);
  return undefined;
}

function memberName(node: Extract<Node, { type: "MemberExpression" }>): string | undefined {
  if (!node.computed) return node.property.type === "Identifier" ? node.property.name : undefined;
  return node.property.type === "Literal" && typeof node.property.value === "string" ? node.property.value : undefined;
}

function isNamed(node: Node, name: string): boolean {
  return node.type === "Identifier" && node.name === name;
}

/** Whether an identifier only names a member, as in `clock.setTimeout(…)` or `{ setTimeout: … }`, and refers to nothing. */
function isMerelyAName(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined) return false;
  if (parent.type === "MemberExpression") return parent.property === node && !parent.computed;
  if (parent.type === "ImportSpecifier") return parent.imported === node;
  const named =
    parent.type === "Property" || parent.type === "MethodDefinition" || parent.type === "PropertyDefinition";
  return named && parent.key === node && !parent.computed;
}

/** Expressions that TypeScript wraps around a value; every other node of its own is gone at run time. */
const typedExpressions: ReadonlySet<string> = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSTypeAssertion",
  "TSInstantiationExpression",
  "TSExportAssignment",
]);

function isTypeOnly(node: Node): boolean {
  return node.type.startsWith("TS") && !typedExpressions.has(node.type);
}

function namesOfPartlyBannedModules({ parsed }: SourceFile): Aliases {
  const names = new Map<string, string>();
  for (const { moduleRequest, entries } of parsed.module.staticImports) {
    const global = lookUp(partlyBannedModules, moduleRequest.value.replace(/^node:/, ""));
    if (global === undefined) continue;
    for (const { importName, localName } of entries) {
      if (importName.name === null) names.set(localName.value, global);
    }
  }
  return names;
}

function lookUp<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
