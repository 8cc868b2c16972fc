/** A record of CEF, read by the letter of the standard and by nothing of ours. */
export interface ParsedCef {
  readonly header: readonly string[];
  readonly extension: Readonly<Record<string, string>>;
}

/** Reads a record; throws where it is none. */
export function parseCef(text: string): ParsedCef {
  const header: string[] = [];
  let field = "";
  let at = 0;
  for (; header.length < 7; at += 1) {
    const character = text[at];
    if (character === undefined) throw new Error(`the header ends early: ${text.slice(0, 200)}`);
    if (character === "\\") {
      at += 1;
      const escaped = text[at];
      if (escaped !== "\\" && escaped !== "|") throw new Error(`\\${escaped} is no escape of the header`);
      field += escaped;
    } else if (character === "|") {
      header.push(field);
      field = "";
    } else field += character;
  }
  return { header, extension: parseExtension(text.slice(at)) };
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\", "=": "=", n: "\n", r: "\r" };

/** An equals sign without a backslash ends a key, and the key begins after the space before it. */
function parseExtension(text: string): Readonly<Record<string, string>> {
  const pairs: [string, string][] = [];
  let raw = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (character === "\\") {
      const escaped = ESCAPES[text[at + 1] ?? ""];
      if (escaped === undefined) throw new Error(`\\${text[at + 1]} is no escape of the extension`);
      raw += escaped;
      at += 1;
    } else if (character === "=") {
      const space = raw.lastIndexOf(" ");
      const key = raw.slice(space + 1);
      if (!/^[A-Za-z0-9]+$/.test(key)) throw new Error(`${JSON.stringify(key)} is no key`);
      const last = pairs.at(-1);
      if (last !== undefined) last[1] = raw.slice(0, space);
      pairs.push([key, ""]);
      raw = "";
    } else raw += character;
  }
  const last = pairs.at(-1);
  if (last !== undefined) last[1] = raw;
  if (new Set(pairs.map(([key]) => key)).size !== pairs.length) throw new Error("a key stands twice");
  return Object.fromEntries(pairs);
}
