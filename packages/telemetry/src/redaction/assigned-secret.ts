import { REDACTED } from "../sensitive.ts";
import { isSecretKey } from "./secret-names.ts";
import type { Piece } from "./secret-shapes.ts";

/** Of a longer word the end decides whether it is the name of a secret. */
const NAME_CHARS_MAX = 128;
/** Words of sentences, literals and names of variables are no longer than this. */
const SHORT_CHARS = 64;
/** A quick look before the closer ones. */
const MAY_BE_NAME = /tok|sec|pass|pwd|pw$|key|auth|cred|cook|sig|sess|bear|code/i;
/** Names that mean a secret only in front of "=". */
const WEAK_NAME = /^(?:pass|pw|sig|signature|auth)$/i;
/** Names that mean a secret in the query of a URL. */
const QUERY_NAME = /^(?:key|sig|code|auth|pass|pw)$/i;
const AUTHORIZATION = /authorization$/i;
const COOKIE = /^(?:set-)?cookie2?$/i;

/** `=`, `:`, `=>`, behind a quotation mark that may be escaped, and the mark in front of the value. */
const ASSIGNMENT = /\\{0,3}["'`]?\]?[ \t]{0,4}(=>|:=|[=:]|%3[AD])[ \t]{0,4}(\\{0,3}["'`])?/iy;
const BARE_VALUE = /[^\s"'`,;&)}\]<>]+/y;
const QUERY_VALUE = /=([^&\s"'`<>#]+)/y;
/** Of `--password value`. */
const OPTION_VALUE = /[ \t]{1,3}["']?([^\s"'`,;)}\]<>-][^\s"'`,;)}\]<>]*)/y;
/** "the password for bob is hunter2". */
const PHRASE =
  /(?:[ \t]{1,3}(?:for|of)[ \t]{1,3}[^\s"']{1,64})?[ \t]{1,3}(?:is|was)(?:[ \t]{1,3}(?:now|set[ \t]to))?:?[ \t]{1,3}(["'`])?([^\s"'`,;)}\]<>]+)/iy;
/** "token 4f5e6d…": what is this long and has digits is no word. */
const LONG_VALUE = /[ \t]{1,3}["'`(]?((?![/.])[A-Za-z0-9_+/=.-]{20,})/y;
const SCHEME = /(?:(bearer|basic|token|digest|negotiate|ntlm|apikey|dpop|hawk|aws4-hmac-sha256)[ \t]{1,4})?/iy;
const ONE_OR_TWO_WORDS = /[^\s"'`,;]+(?:[ \t]{1,4}[^\s"'`,;]+)?/y;
const ONE_WORD = /[^\s"'`,;]+/y;
const TO_END_OF_LINE = /[^\r\n]+/y;
const TO_QUOTE_OR_END_OF_LINE = /[^\r\n"'`]+/y;

/** The value that stands behind the name of a secret, where the word is one. */
export function assignedSecret(text: string, start: number, word: string): Piece | undefined {
  const name = word.slice(-NAME_CHARS_MAX);
  if (!MAY_BE_NAME.test(name)) return undefined;
  const end = start + word.length;
  const before = start === 0 ? "" : text[start - 1];
  const secret = isSecretKey(name);
  if ((before === "?" || before === "&") && (secret || QUERY_NAME.test(name))) return queryValue(text, end);
  if (AUTHORIZATION.test(name) || COOKIE.test(name)) return headerValue(text, end, COOKIE.test(name));
  if (WEAK_NAME.test(name)) return assignment(text, end, { name, onlyEquals: true });
  if (!secret) return undefined;
  return (
    assignment(text, end, { name, onlyEquals: false }) ??
    (before === "-" ? group(OPTION_VALUE, text, end, isProse) : undefined) ??
    phraseValue(text, end) ??
    group(LONG_VALUE, text, end, (value) => !/\d/.test(value) || !/[A-Za-z]/.test(value))
  );
}

function queryValue(text: string, end: number): Piece | undefined {
  return group(QUERY_VALUE, text, end, isLiteral);
}

function assignment(
  text: string,
  end: number,
  { name, onlyEquals }: { readonly name: string; readonly onlyEquals: boolean },
): Piece | undefined {
  const operator = at(ASSIGNMENT, text, end);
  if (operator === undefined || (onlyEquals && operator.match[1] !== "=")) return undefined;
  const quote = operator.match[2];
  const isHarmless = operator.match[1] === "=" || quote !== undefined ? isLiteral : isProse;
  if (quote !== undefined) return quoted(text, quote, operator.end, isHarmless);
  const value = at(BARE_VALUE, text, operator.end);
  if (value === undefined || isHarmless(value.match[0]) || value.match[0].startsWith("//")) return undefined;
  // The working folder of a shell.
  if (/^(?:OLD)?PWD$/.test(name) && value.match[0].startsWith("/")) return undefined;
  return { start: operator.end, end: value.end };
}

/** `Authorization: Bearer …`, `Cookie: a=…; b=…`: the scheme stays. */
function headerValue(text: string, end: number, cookie: boolean): Piece | undefined {
  const operator = at(ASSIGNMENT, text, end);
  if (operator === undefined) return undefined;
  const scheme = cookie ? undefined : at(SCHEME, text, operator.end);
  const start = scheme?.end ?? operator.end;
  const quote = operator.match[2];
  if (quote !== undefined) return quoted(text, quote, start, isLiteral);
  // Looked at first, because what is harmless is not taken, and a line must not be walked to its end for each of its words.
  const first = at(ONE_WORD, text, start)?.match[0];
  if (first === undefined || isProse(first)) return undefined;
  const value = at(cookie ? TO_QUOTE_OR_END_OF_LINE : credentialOf(scheme?.match[1]), text, start);
  if (value === undefined) return undefined;
  return { start, end: value.end };
}

function credentialOf(scheme: string | undefined): RegExp {
  if (scheme === undefined) return ONE_OR_TWO_WORDS;
  return /digest|hawk|aws4/i.test(scheme) ? TO_END_OF_LINE : ONE_WORD;
}

function phraseValue(text: string, end: number): Piece | undefined {
  const phrase = at(PHRASE, text, end);
  const value = phrase?.match[2];
  if (phrase === undefined || value === undefined) return undefined;
  const word = value.length > SHORT_CHARS ? value : withoutFullStop(value);
  // "the password is required" tells no secret, while `the password is "required"` does.
  const inQuotes = phrase.match[1] !== undefined;
  if (inQuotes ? isLiteral(word) : isProse(word) || /^[a-z]{1,32}(?:ed|ing|able|ible|ly)$/i.test(word))
    return undefined;
  return { start: phrase.end - value.length, end: phrase.end };
}

/** What stands in quotation marks; without a closing one, all the rest. */
function quoted(text: string, mark: string, start: number, isHarmless: (value: string) => boolean): Piece | undefined {
  const quote = mark.at(-1) ?? mark;
  const escaped = mark.length > 1;
  let close = text.indexOf(quote, start);
  while (!escaped && close !== -1 && isEscaped(text, close, start)) close = text.indexOf(quote, close + 1);
  let end = close === -1 ? text.length : close;
  while (escaped && end > start && text[end - 1] === "\\") end--;
  if (end <= start || (end - start <= SHORT_CHARS && isHarmless(text.slice(start, end)))) return undefined;
  return { start, end };
}

/** Whether an odd number of backslashes stands in front of a character. */
function isEscaped(text: string, index: number, from: number): boolean {
  let first = index;
  while (first > from && text[first - 1] === "\\") first--;
  return (index - first) % 2 === 1;
}

/** Values that are no secrets whatever stands in front of them: literals, masks, references to variables. */
function isLiteral(value: string): boolean {
  if (value.length > SHORT_CHARS) return false;
  if (value.startsWith(REDACTED) || value.startsWith(REDACTED.slice(0, -1))) return true;
  return /^(?:null|undefined|none|nil|true|false|yes|no|on|off|\d{1,3}|[*xX.•-]+|\$[A-Za-z_]\w*|\$?\{[^}]*\}?|%[sdr]|\.\.\.|…)$/.test(
    value.replace(/[.,:]$/, ""),
  );
}

/** What follows the name of a secret in sentences about it. */
const PROSE: ReadonlySet<string> = new Set(
  `a about absent accepted access active again already an and are as at authentication be because been before being blank
  but by can cannot changed correct could currently denied different did disabled does empty enabled error exchange expected
  expired failed failure for format found from given had has have hidden here if ignored in inactive incorrect invalid is it
  length long longer malformed mandatory may mismatch missing must needed never new no not now null of ok old on only optional
  or present provided read refresh refused rejected removed request required revoked rotated sent set short should shown so
  still stored strong taken that the this to too undefined unknown unset unsupported used valid value was weak when where which
  will with without wrong you your`.split(/\s+/),
);

function isProse(value: string): boolean {
  if (value.length > SHORT_CHARS) return false;
  return isLiteral(value) || PROSE.has(withoutFullStop(value).toLowerCase());
}

function withoutFullStop(value: string): string {
  return value.replace(/[.!?:]{1,3}$/, "");
}

interface Found {
  readonly match: RegExpExecArray;
  readonly end: number;
}

/** A match of a sticky expression that begins at `index`. */
function at(expression: RegExp, text: string, index: number): Found | undefined {
  expression.lastIndex = index;
  const match = expression.exec(text);
  return match === null ? undefined : { match, end: expression.lastIndex };
}

/** The first group of a match, which must be its end. */
function group(
  expression: RegExp,
  text: string,
  index: number,
  isHarmless: (value: string) => boolean,
): Piece | undefined {
  const found = at(expression, text, index);
  const value = found?.match[1];
  if (found === undefined || value === undefined || isHarmless(value)) return undefined;
  return { start: found.end - value.length, end: found.end };
}
