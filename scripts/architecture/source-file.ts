import { type Node, type ParseResult, parseSync, visitorKeys } from "oxc-parser";
import { lineAt } from "./violation.ts";

/** A parsed source file: comments and strings can no longer be taken for code. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
  readonly parsed: ParseResult;
}

/** A module that a source file names in an import, an export or a type. */
export interface ImportedModule {
  readonly specifier: string;
  readonly line: number;
  /** Whether the import disappears before run time. */
  readonly typeOnly: boolean;
}

/** Parses a TypeScript or JavaScript source; throws where the syntax is wrong. */
export function parseSource(file: string, text: string): SourceFile {
  const parsed = parseSync(file, text);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${file} cannot be parsed: ${error.message}`);
  return { file, text, parsed };
}

/** Lists the modules a source names: static and dynamic imports, re-exports, `require` and `import("…")` types. */
export function importedModules({ parsed, text }: SourceFile): readonly ImportedModule[] {
  const found: ImportedModule[] = [];
  const add = (specifier: string, offset: number, typeOnly: boolean): void => {
    found.push({ specifier, line: lineAt(text, offset), typeOnly });
  };
  walk(parsed.program, (node) => {
    if (node.type === "ImportDeclaration") add(node.source.value, node.start, isTypeImport(node));
    if (node.type === "ExportAllDeclaration" || node.type === "ExportNamedDeclaration") {
      if (node.source !== null) add(node.source.value, node.start, node.exportKind === "type");
    }
    if (node.type === "TSImportType") add(node.source.value, node.start, true);
    const asked = node.type === "ImportExpression" ? node.source : requireArgument(node);
    if (asked?.type === "Literal" && typeof asked.value === "string") add(asked.value, node.start, false);
    return true;
  });
  return found;
}

/** Visits a node and, where the visitor answers `true` for it, everything below it. */
export function walk(node: Node, visit: (node: Node, parent: Node | undefined) => boolean, parent?: Node): void {
  if (!visit(node, parent)) return;
  for (const key of visitorKeys[node.type] ?? []) {
    // `visitorKeys` names, for this type of node, the properties that hold a node, a list of nodes with holes, or null.
    const child = (node as unknown as Record<string, Node | (Node | null)[] | null | undefined>)[key];
    for (const each of Array.isArray(child) ? child : [child]) if (each) walk(each, visit, node);
  }
}

/** Whether nothing of an import is left at run time. */
function isTypeImport({ importKind, specifiers }: Extract<Node, { type: "ImportDeclaration" }>): boolean {
  if (importKind === "type") return true;
  const isType = (name: (typeof specifiers)[number]): boolean =>
    name.type === "ImportSpecifier" && name.importKind === "type";
  return specifiers.length > 0 && specifiers.every(isType);
}

/** What a `require` call is asked for; `undefined` for every other node. */
function requireArgument(node: Node): Node | undefined {
  const isRequire =
    node.type === "CallExpression" && node.callee.type === "Identifier" && node.callee.name === "require";
  return isRequire ? node.arguments[0] : undefined;
}
