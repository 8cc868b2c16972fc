import type { CallOutcome } from "./call-course.ts";
import { CleanTexts } from "./redaction/clean-texts.ts";
import { redactText } from "./redaction/index.ts";

/** Characters of a message that are kept: callers and servers write them, of any length. */
export const FACT_MESSAGE_CHARS_MAX = 2_000;
/** Characters of a name or an identifier that a caller chose. */
const FACT_NAME_CHARS_MAX = 500;
/** Characters behind the limit that are kept until a message is read: a secret that the cut would halve must still be recognised. */
const LOOK_AHEAD_CHARS = 1_024;
/** Shorter texts are not looked for: neither known secrets nor tokens are. */
const SECRET_CHARS_MIN = 6;

const cleanNames = new CleanTexts();

/** A name without secrets, of at most {@link FACT_NAME_CHARS_MAX} characters and "…". */
export function factName(text: string): string;
export function factName(text: string | undefined): string | undefined;
export function factName(text: string | undefined): string | undefined {
  if (text === undefined || text.length < SECRET_CHARS_MIN || cleanNames.has(text)) return text;
  const name = redactText(text, FACT_NAME_CHARS_MAX);
  if (name === text) cleanNames.add(text);
  return name;
}

/** A message without secrets, of at most {@link FACT_MESSAGE_CHARS_MAX} characters and "…". */
export function factMessage(text: string | undefined): string | undefined {
  return text === undefined ? undefined : redactText(text, FACT_MESSAGE_CHARS_MAX);
}

/** What is kept of the message of an outcome until {@link factMessage} reads it. */
export function keptMessage(outcome: CallOutcome): string | undefined {
  return outcome.status === "success" ? undefined : outcome.message.slice(0, FACT_MESSAGE_CHARS_MAX + LOOK_AHEAD_CHARS);
}

/** Why something did not succeed, in one word: its error type or rejection reason; `undefined` for successes and cancellations. */
export function causeOf(outcome: CallOutcome): string | undefined {
  if ("errorType" in outcome) return outcome.errorType;
  return "reason" in outcome ? outcome.reason : undefined;
}

/** Seconds in milliseconds, with microseconds as decimals. */
export function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e3;
}
