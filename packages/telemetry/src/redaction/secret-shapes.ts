import { assignedSecret } from "./assigned-secret.ts";
import { Spans } from "./spans.ts";
import { schemeCredential, tokenInWord } from "./token-shapes.ts";

/** Where a secret stands in a text; the end is exclusive. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

/** A name, a word or a token: taken whole, so that no character is looked at twice by this expression. */
const WORD = /[A-Za-z0-9][A-Za-z0-9_-]*/g;

/** What every text with a secret has: a quick look that most texts fail, so that they cost one scan. */
const MAY_HOLD_SECRET =
  /token|secret|pass|pw|key|auth|cookie|cred|sig|sess|bearer|basic|code=|\/\/[^\s/]*@|eyJ|[spr]k[-_]|gh[pousr]_|hub_pat|glpat|npm_|mcph_|xox|A[KS]IA|AIza|hf_|gsk_|dop_v1|shp|dckr|pypi-|tvly|xai-|pplx|nvapi|lin_api|glsa|r8_|ntn_|sntry|figd|SK[0-9a-f]|ya29|SG\.|hvs\./i;

/** Ids of traces and digests: no text of these alone has any of the above. */
const HEX = /^[\da-f]*$/;

/** Whether {@link secretsByShape} could find anything. */
export function mayHoldSecret(text: string): boolean {
  return !HEX.test(text) && MAY_HOLD_SECRET.test(text);
}

/**
 * Finds what looks like a secret in free text: tokens of well-known shape, and values that stand behind a name such as
 * `password`. One walk over the words of the text; what is behind a word is looked at once more at most, so that the time is
 * linear whatever the text holds.
 */
export function secretsByShape(text: string): Spans {
  const spans = new Spans();
  const words = new RegExp(WORD);
  for (let match = words.exec(text); match !== null; match = words.exec(text)) {
    const [word] = match;
    const start = match.index;
    const piece =
      tokenInWord(text, start, word) ?? schemeCredential(text, start, word) ?? assignedSecret(text, start, word);
    if (piece === undefined) continue;
    spans.append(piece.start, piece.end);
    words.lastIndex = Math.max(words.lastIndex, piece.end);
  }
  if (text.includes("//")) spans.merge(urlPasswords(text));
  if (text.includes("PRIVATE KEY")) spans.merge(privateKeys(text));
  return spans;
}

/** Everything between `//` and the path of a URL. */
const URL_AUTHORITY = /\/\/([^\s/?#"'<>`]*)/g;
/** A user name without a password may be a token, as in `https://<token>@host`. */
const TOKEN_CHARS_MIN = 16;

/** `//user:password@host`: the user stays, the password goes. */
function urlPasswords(text: string): Spans {
  const spans = new Spans();
  for (const match of text.matchAll(URL_AUTHORITY)) {
    const authority = match[1] ?? "";
    const at = authority.lastIndexOf("@");
    if (at === -1) continue;
    const start = match.index + 2;
    const colon = authority.indexOf(":");
    if (colon !== -1 && colon < at) {
      if (colon + 1 < at) spans.append(start + colon + 1, start + at);
    } else if (at >= TOKEN_CHARS_MIN) {
      spans.append(start, start + at);
    }
  }
  return spans;
}

const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----/g;
const KEY_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----/g;

/** A private key in PEM, to its end or, where that was cut off, to the end of the text. */
function privateKeys(text: string): Spans {
  const spans = new Spans();
  const begin = new RegExp(KEY_BEGIN);
  const end = new RegExp(KEY_END);
  for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
    end.lastIndex = begin.lastIndex;
    const last = end.exec(text);
    spans.append(match.index, last === null ? text.length : end.lastIndex);
    if (last === null) break;
    begin.lastIndex = end.lastIndex;
  }
  return spans;
}
