import { PLAIN_HEADERS, secretArguments } from "./secret-arguments.ts";
import { isSecretKey } from "./secret-names.ts";

/** Sections of a configuration whose values are credentials more often than not, whatever their names are. */
const CREDENTIAL_SECTIONS: ReadonlySet<string> = new Set(["env", "headers"]);
/** Shorter values without a name that says "secret" are words, such as "stdio" and "search". */
const UNNAMED_CHARS_MIN = 8;
/** Nesting and values that are looked at: a configuration has fewer. */
const DEPTH_MAX = 16;
const VALUES_MAX = 200_000;

/**
 * The secrets in a part of a configuration, for {@link KnownSecrets}: values of secret names, of environments and headers,
 * passwords in URLs, and arguments such as `--token=…`.
 */
export function secretsIn(part: unknown): ReadonlySet<string> {
  const secrets = new Set<string>();
  let left = VALUES_MAX;
  const visit = (value: unknown, name: string, section: string, depth: number): void => {
    if (depth > DEPTH_MAX || left-- <= 0) return;
    if (typeof value === "string") {
      for (const secret of secretsOfText(value, name, section)) secrets.add(secret);
    } else if (Array.isArray(value)) {
      for (const secret of secretsOfArguments(value)) secrets.add(secret);
      for (const entry of value) visit(entry, "", section, depth + 1);
    } else if (typeof value === "object" && value !== null) {
      for (const secret of basicCredentials(value)) secrets.add(secret);
      const inner = CREDENTIAL_SECTIONS.has(name) ? name : "";
      for (const [key, entry] of Object.entries(value)) visit(entry, key, inner, depth + 1);
    }
  };
  visit(part, "", "", 0);
  return secrets;
}

/** Whether a value says by its shape that it is none: a number, a path, an address, a version, a media type, a time zone. */
export function looksPublic(value: string): boolean {
  return (
    value.length < UNNAMED_CHARS_MIN ||
    /^[\d.,:_-]{1,15}$/.test(value) ||
    /^(?:~|\.{1,2})?\/[^=\s]*$/.test(value) ||
    /^[A-Za-z]:\\/.test(value) ||
    /^[a-z][a-z0-9+.-]*:\/\/[^@?]*$/i.test(value) ||
    /^(?:[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?\.)+[a-z]{2,24}(?::\d{1,5})?$/i.test(value) ||
    /^[a-z][a-z0-9-]{0,30}:\d{1,5}$/i.test(value) ||
    /^[a-z]{2,12}\/[a-z0-9][\w.+-]{0,40}$/i.test(value)
  );
}

function* secretsOfText(value: string, name: string, section: string): Iterable<string> {
  yield* urlSecrets(value);
  if (section === "headers" && PLAIN_HEADERS.test(name)) return;
  if (isSecretKey(name)) yield* credentialIn(value);
  else if (section !== "" && !looksPublic(value)) yield* credentialIn(value);
  // `--token=abc`, and `TOKEN=abc` of a container.
  const assigned = /^-{0,2}([A-Za-z0-9][\w.-]{0,127})=(.+)$/s.exec(value);
  if (assigned !== null && isSecretKey(assigned[1] ?? "")) yield assigned[2] ?? "";
}

/** The value, and what of it is the credential itself: without its scheme, or the values of cookies. */
function* credentialIn(value: string): Iterable<string> {
  const scheme = /^[A-Za-z][A-Za-z0-9-]{1,20} +(\S+)$/.exec(value);
  if (scheme !== null) yield scheme[1] ?? "";
  else yield value;
  for (const part of value.split(/; */)) {
    const cookie = /^[\w.-]{1,64}=(.{8,})$/.exec(part);
    if (cookie !== null && part !== value) yield cookie[1] ?? "";
  }
}

/** `user:password@`, and values of secret names in a query. */
function* urlSecrets(value: string): Iterable<string> {
  if (!value.includes("://")) return;
  for (const [, password = ""] of value.matchAll(/:\/\/[^\s/?#@:]{0,256}:([^\s/?#@]{1,1024})@/g))
    yield* decoded(password);
  for (const [, name = "", text = ""] of value.matchAll(/[?&]([^\s=&#]{1,128})=([^\s&#]{1,4096})/g)) {
    if (isSecretKey(name) || /^(?:key|sig|code|auth)$/i.test(name)) yield* decoded(text);
  }
}

function* decoded(text: string): Iterable<string> {
  yield text;
  try {
    yield decodeURIComponent(text);
  } catch {
    // It is no URL encoding, so that there is nothing behind it.
  }
}

/** What stands in an Authorization header for a user name and a password. */
function* basicCredentials(section: object): Iterable<string> {
  const { username, password } = section as { readonly username?: unknown; readonly password?: unknown };
  if (typeof username !== "string" || typeof password !== "string") return;
  let bytes = "";
  for (const byte of new TextEncoder().encode(`${username}:${password}`)) bytes += String.fromCharCode(byte);
  yield btoa(bytes).replace(/=+$/, "");
}

/** `--token`, `abc`: the value of an option stands behind its name. */
function* secretsOfArguments(list: readonly unknown[]): Iterable<string> {
  const args = list.map((entry) => (typeof entry === "string" ? entry : ""));
  for (const [index, begin] of secretArguments(args).entries()) {
    if (begin !== undefined) yield* credentialIn(args[index]?.slice(begin) ?? "");
  }
}
