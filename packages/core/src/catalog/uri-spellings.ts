/** How often a URI may be percent-encoded over itself: honest ones are once, and a server may decode once too often. */
const DECODINGS_MAX = 3;
/** Scheme, authority, and what follows it. */
const PARTS = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?/i;
/** The same of a glob, whose question marks begin no query. */
const GLOB_PARTS = /^([a-z*?][a-z0-9+.*?-]*):(?:\/\/([^/#]*))?/i;
/** What may be spelled in another way wherever it stands: encoded characters, backslashes, white space. */
const ODD_CHARACTER = /[%\\\s]/;
/** Empty and dot segments. */
const ODD_SEGMENT = /\/\/|(?:^|\/)\.\.?(?:[/?#]|$)/;

/** What {@link bareSpellings} leaves out. */
const LEFT_OUT = /[?#\p{Cc}]|:\d*(?:[/?#]|$)|\.[:/?#]|\/$/u;
const CONTROL_CHARACTER = /\p{Cc}/gu;
/** Scheme, the slashes behind it, and the first segment after those. */
const BEGINNING = /^([a-z][a-z0-9+.-]*):\/*([^/?#]*)/i;
/** The same of a glob. */
const GLOB_BEGINNING = /^([a-z*?][a-z0-9+.*?-]*):\/*([^/#]*)/i;
/** Scheme, and an authority that is not empty. */
const AUTHORITY = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]+)/i;

/**
 * The ways in which a server may read a URI, beside its own text: with what is percent-encoded decoded, scheme and host in
 * lower case and without user, dot segments resolved, and as the URL standard writes it. Empty for a URI that is plain in
 * all of this, as most are; `undefined` for one that is encoded over itself too often to be told.
 */
export function uriSpellings(uri: string): readonly string[] | undefined {
  if (isPlain(uri)) return [];
  const spellings = new Set<string>();
  for (const text of [uri, URL.parse(uri)?.href ?? uri]) {
    const [, path = "", rest = ""] = /^([^?#]*)(.*)$/s.exec(text) ?? [];
    const [whole, before] = [decoded(text), decoded(path)];
    if (whole === undefined || before === undefined) return undefined;
    // A server may look for the query before it decodes, after it, or not at all.
    spellings.add(resolved(whole));
    spellings.add(`${resolved(before)}${rest}`);
    const at = whole.search(/[?#]/);
    if (at !== -1) spellings.add(`${resolved(whole.slice(0, at))}${whole.slice(at)}`);
  }
  spellings.delete(uri);
  return [...spellings];
}

/**
 * What is left of a URI for a server that looks at scheme, host name and path alone, in all ways of leaving out the rest: query, fragment,
 * port, the dot behind a host name, a slash at the end, control characters and what follows a null. With the URI itself; empty when there
 * is nothing to leave out.
 */
export function bareSpellings(uri: string): readonly string[] {
  if (!LEFT_OUT.test(uri)) return [];
  const [beforeNull = ""] = uri.split("\0", 1);
  const text = beforeNull.replaceAll(CONTROL_CHARACTER, "");
  const withoutPort = text.replace(AUTHORITY, (_all, scheme: string, authority: string) => {
    return `${scheme}${authority.replace(/:\d*$/, "").replace(/\.$/, "")}`;
  });
  const bare = new Set<string>();
  for (const each of [text, withoutPort]) {
    const path = each.replace(/[?#].*$/s, "");
    for (const spelling of [each, each.replace(/#.*$/s, ""), path, path.replace(/(?<=[^/])\/$/, "")])
      bare.add(spelling);
  }
  return [...bare];
}

/**
 * A URI for a server that does not tell `memo:x`, `memo:/x`, `memo://x` and `memo:///x` apart: without slashes behind the scheme, and
 * with what may be a host name in lower case.
 */
export function slashlessSpelling(uri: string): string {
  return slashless(uri, BEGINNING);
}

/** A glob of URIs in the spelling of {@link slashlessSpelling}. */
export function slashlessUriGlob(glob: string): string {
  return slashless(glob, GLOB_BEGINNING);
}

/** A glob of URIs in the spelling of {@link uriSpellings}, as far as its stars and question marks let that be told. */
export function plainUriGlob(glob: string): string {
  return lowered(decoded(glob) ?? glob, GLOB_PARTS);
}

/** Whether a URI has dot segments, encoded or not: then it begins like one place and means another. */
export function climbs(uri: string): boolean {
  const text = decoded(uri);
  return text === undefined || /(?:^|[/\\:])\.\.?(?:[/\\?#]|$)/.test(text.replaceAll(/[\t\n\r]/g, ""));
}

function isPlain(uri: string): boolean {
  const { length } = PARTS.exec(uri)?.[0] ?? "";
  if (ODD_CHARACTER.test(uri) || ODD_SEGMENT.test(uri.slice(length))) return false;
  return lowered(uri) === uri && URL.parse(uri)?.href === uri;
}

/** Without percent-encoding; `undefined` when there is some left after so many times. */
function decoded(uri: string): string | undefined {
  let text = uri;
  for (let round = 0; round <= DECODINGS_MAX; round++) {
    const once = text.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) =>
      Buffer.from(run.replaceAll("%", ""), "hex").toString(),
    );
    if (once === text) return text;
    text = once;
  }
  return undefined;
}

function slashless(uri: string, beginning: RegExp): string {
  return uri.replace(beginning, (_all, scheme: string, first: string) => `${scheme}:${first}`.toLowerCase());
}

function lowered(uri: string, parts: RegExp = PARTS): string {
  return uri.replace(parts, (_all, scheme: string, authority: string | undefined) => {
    if (authority === undefined) return `${scheme.toLowerCase()}:`;
    return `${scheme.toLowerCase()}://${authority.slice(authority.lastIndexOf("@") + 1).toLowerCase()}`;
  });
}

/** Scheme and host in lower case, slashes for backslashes, no control characters, no empty and no dot segments. */
function resolved(uri: string): string {
  const text = lowered(
    uri
      .replaceAll(/[\t\n\r]/g, "")
      .trim()
      .replaceAll("\\", "/"),
  );
  const start = PARTS.exec(text)?.[0] ?? "";
  const kept: string[] = [];
  const segments = text.slice(start.length).split("/");
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  const isRooted = segments.length > 1 && segments[0] === "";
  const last = segments.at(-1);
  const isFolder = kept.length > 0 && (last === "" || last === "." || last === "..");
  return `${start}${isRooted ? "/" : ""}${kept.join("/")}${isFolder ? "/" : ""}`;
}
