import type { Piece } from "./secret-shapes.ts";

/** Tokens that say by their prefix what they are. Each quantifier is fixed: the rest of the word belongs to the token. */
const TOKEN = new RegExp(
  `(?:^|[-_])(${[
    // OpenAI, Anthropic, Langfuse and others; all of them have digits, and "sk-learn-based-models" has none.
    "(?:sk|pk|rk)-(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{12}",
    "(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8}",
    "(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{16}",
    "glpat-[A-Za-z0-9_-]{16}",
    "npm_[A-Za-z0-9]{30}",
    "mcph_[0-9a-z]{12}_[A-Za-z0-9]{8}",
    "xox[abeprs]-[A-Za-z0-9-]{8}",
    "(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
    "AIza[A-Za-z0-9_-]{30}",
    "(?:hf|gsk)_[A-Za-z0-9]{20}",
    "dop_v1_[a-f0-9]{20}",
    "shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{16}",
    "dckr_pat_[A-Za-z0-9_-]{16}",
    "pypi-[A-Za-z0-9_-]{32}",
    "(?:tvly|xai|pplx|nvapi|tskey|lin_api|glsa|whsec|r8|ntn|sntrys|figd)[-_](?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{16}",
    "AGE-SECRET-KEY-1[A-Z0-9]{20}",
    "SK[0-9a-f]{32}",
    "key-[0-9a-f]{32}",
  ].join("|")})`,
);

/** The beginning of a JSON Web Token, whose three parts are joined by full stops. */
const WEB_TOKEN = /(?:^|[-_])eyJ[A-Za-z0-9_-]{5}/;
const WEB_TOKEN_REST = /\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,3}/y;

/** Tokens with a full stop behind their prefix: Google, SendGrid, HashiCorp Vault. */
const DOTTED_PREFIX = /(?:^|[-_])(?:ya29|SG|hv[sbr])$/;
const DOTTED_REST = /\.[A-Za-z0-9_.-]{16,}/y;

/** A token of well-known shape that is in a word or begins in it. */
export function tokenInWord(text: string, start: number, word: string): Piece | undefined {
  const end = start + word.length;
  const token = TOKEN.exec(word);
  if (token !== null) return { start: start + token.index + token[0].length - (token[1]?.length ?? 0), end };
  if (text[end] !== ".") return undefined;
  const webToken = WEB_TOKEN.exec(word);
  if (webToken !== null) {
    const to = endOf(WEB_TOKEN_REST, text, end);
    if (to !== undefined) return { start: start + webToken.index + (webToken[0].startsWith("eyJ") ? 0 : 1), end: to };
  }
  if (!DOTTED_PREFIX.test(word.slice(-8))) return undefined;
  const to = endOf(DOTTED_REST, text, end);
  return to === undefined ? undefined : { start: Math.max(start, end - 4), end: to };
}

/** What follows a scheme of HTTP authentication. */
const CREDENTIAL = /(?:[ \t]{1,4}|%20|\+)([A-Za-z0-9._~+/-]{6,}={0,2})(?![A-Za-z0-9._~+/=-])/y;
/** Words that follow "bearer" and "basic" in sentences. */
const NO_CREDENTIAL =
  /^(?:(?:access|api|authentication|authorisation|authorization|credentials?|error|format|header|headers|realm|scheme|tokens?|value|method|schema|security)[.:=,-]?|realm=.*|error=.*)$/i;

/** The credential behind `Bearer` or `Basic`. */
export function schemeCredential(text: string, start: number, word: string): Piece | undefined {
  if (word.length < 5 || word.length > 6) return undefined;
  const scheme = word.toLowerCase();
  if (scheme !== "bearer" && scheme !== "basic") return undefined;
  CREDENTIAL.lastIndex = start + word.length;
  const credential = CREDENTIAL.exec(text)?.[1];
  if (credential === undefined || NO_CREDENTIAL.test(credential.slice(0, 64))) return undefined;
  // Base64 of a user name and a password has capitals or digits, other than words that follow "basic".
  if (scheme === "basic" && /^[a-z.-]+$/.test(credential)) return undefined;
  return { start: CREDENTIAL.lastIndex - credential.length, end: CREDENTIAL.lastIndex };
}

/** Where a match that begins at `at` ends. */
function endOf(expression: RegExp, text: string, at: number): number | undefined {
  expression.lastIndex = at;
  return expression.test(text) ? expression.lastIndex : undefined;
}
