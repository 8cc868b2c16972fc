import { REDACTED } from "../sensitive.ts";
import { knownSecrets } from "./known-secrets.ts";
import { mayHoldSecret, secretsByShape } from "./secret-shapes.ts";
import { Spans } from "./spans.ts";

/** Characters of a text that are kept unless the caller says otherwise: what is longer is no message. */
const TEXT_CHARS_MAX = 16_384;
/** Characters behind the limit that are looked at, so that a secret which the limit cuts is recognised. */
const LOOK_AHEAD_CHARS = 1_024;

/**
 * A text of at most `charsMax` characters and "…". One that is longer loses its secrets, because half of one is no secret that anybody
 * recognises later; one that is short enough is left as it is, and costs nothing. For what is kept until records search it for secrets.
 */
export function shortText(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : redactText(text, charsMax);
}

/**
 * Replaces secrets in free text by `[redacted]`: those that this process knows, and whatever looks like one. A text longer
 * than `charsMax` is cut, and ends in "…". The time is linear in the text that is kept, whatever it holds.
 */
export function redactText(text: string, charsMax = TEXT_CHARS_MAX): string {
  const cut = text.length > charsMax;
  const window = cut ? text.slice(0, charsMax + LOOK_AHEAD_CHARS) : text;
  const spans = new Spans();
  knownSecrets.find(window, spans);
  if (mayHoldSecret(window)) spans.merge(secretsByShape(window));
  if (spans.size > 0) return spans.replaceIn(window, charsMax, REDACTED) + (cut ? "…" : "");
  return cut ? `${window.slice(0, charsMax)}…` : text;
}
