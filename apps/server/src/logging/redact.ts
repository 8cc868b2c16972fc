import { REDACTED, Sensitive } from "@mcp-hangar/telemetry";

/**
 * Parts of key names whose values are secrets. Compared without case and separators, so that `access_token`,
 * `X-API-Key` and `clientSecret` are all caught.
 */
const SECRET_KEY_PARTS =
  /token|secret|passw(?:or)?d|passphrase|pwd|apikey|privatekey|accesskey|authorization|^auth$|credential|cookie|signature|sessionid|bearer/;

/** Names that contain such a part but hold a number or a name, not a secret. */
const HARMLESS_KEYS = /^(?:(?:max|input|output|total|prompt|completion)tokens|tokens|progresstoken|tokenbucket)$/;

/** Nesting below which a log field is not followed: log fields are flat, and a cycle must end. */
const DEPTH_MAX = 8;
/** Entries of one list or object that are written. */
const ENTRIES_MAX = 200;

/** Whether a value under this key is to be hidden whatever it looks like. */
export function isSecretKey(key: string): boolean {
  const plain = key.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  return SECRET_KEY_PARTS.test(plain) && !HARMLESS_KEYS.test(plain);
}

/**
 * Shapes of secrets in free text. The first group, where there is one, is kept: it names what was hidden.
 * Every quantifier is bounded or anchored by a distinct character, so that no text takes more than linear time.
 */
const SECRET_SHAPES: readonly RegExp[] = [
  /\b(Bearer|Basic)\s{1,4}[A-Za-z0-9._~+/=-]{6,}/gi,
  /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{0,}/g,
  /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{12,}/g,
  /\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,}/g,
  /\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{16,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\bmcph_[0-9a-z]{12}_[A-Za-z0-9]{8,}/g,
  /\bxox[abeprs]-[A-Za-z0-9-]{8,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,8192}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g,
];

/** `//user:password@host`: the user stays, the password goes. */
const URL_CREDENTIALS = /(\/\/[^\s/:@?#"'<>]{0,256}:)[^\s/@?#"'<>]{1,512}@/g;

/** `password=…`, `"api_key": "…"`, `--token …` inside text. */
const ASSIGNMENT =
  /((?:^|[^A-Za-z0-9])["']?(?:[A-Za-z0-9]{1,32}[_-]){0,4}(?:token|secret|passw(?:or)?d|api[_-]?key|access[_-]?key|private[_-]?key|authorization|cookie)["']?\s{0,4}[=:]\s{0,4})("[^"]{1,4096}"|'[^']{1,4096}'|[^\s"',;&)}\]]{1,4096})/gi;

/** What every text with a secret has: a quick look that most log texts fail, so that they cost one scan. */
const MAY_HOLD_SECRET =
  /bearer|basic|eyJ|[spr]k[-_]|gh[pousr]_|github_pat|glpat|npm_|mcph_|xox|AKIA|ASIA|AIza|PRIVATE KEY|\/\/[^\s/]*@|token|secret|passw|key|authorization|cookie/i;

/** Replaces whatever looks like a secret in free text by `[redacted]`. */
export function redactText(text: string): string {
  if (!MAY_HOLD_SECRET.test(text)) return text;
  let redacted = text.replace(URL_CREDENTIALS, `$1${REDACTED}@`);
  for (const shape of SECRET_SHAPES) {
    redacted = redacted.replace(shape, (_match, kept: unknown) =>
      typeof kept === "string" ? `${kept} ${REDACTED}` : REDACTED,
    );
  }
  return redacted.replace(ASSIGNMENT, (match: string, name: string, value: string) =>
    value.startsWith(REDACTED) || /^(?:Bearer|Basic)$/i.test(value) ? match : `${name}${REDACTED}`,
  );
}

/** A copy of a log field in which secrets are replaced, in nested objects and lists too, ready to be written as JSON. */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Sensitive) return REDACTED;
  if (value instanceof Date) return value;
  if (depth >= DEPTH_MAX) return "[nested deeper]";
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.slice(0, ENTRIES_MAX).map((entry) => redactValue(entry, depth + 1));
  return redactFields(value, depth);
}

/** {@link redactValue} for the fields of a line, one by one. */
export function redactFields(fields: object, depth = 0): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields).slice(0, ENTRIES_MAX)) {
    if (value === undefined || typeof value === "function") continue;
    const safe = isSecretKey(key) && !isPlain(value) ? REDACTED : redactValue(value, depth + 1);
    Object.defineProperty(copy, key, { value: safe, enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

/** Numbers, booleans and nothing are no secrets: `token_count: 3` and `auth: null` stay readable. */
function isPlain(value: unknown): boolean {
  return typeof value === "number" || typeof value === "boolean" || value === null || value === "";
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as { readonly code?: unknown };
  return {
    name: error.name,
    message: redactText(error.message),
    ...(code !== undefined && { code: redactValue(code, depth + 1) }),
    ...(error.cause !== undefined && { cause: redactValue(error.cause, depth + 1) }),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
  };
}
