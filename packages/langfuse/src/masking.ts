import { redactText } from "@mcp-hangar/telemetry";

/** What a text is and where it comes from. */
export interface MaskedField {
  readonly field: "input" | "output" | "status_message";
  /** Names as the caller gave them, if nothing has such a name. */
  readonly server: string;
  readonly tool: string;
}

/**
 * A function of the user that takes out what must not leave. It gets the text that would be sent, in which known secrets are replaced
 * already: the JSON of arguments or of a result, which may be cut, or the message of an error.
 */
export type Mask = (text: string, field: MaskedField) => string;

/** What is sent in the place of content that is not captured. */
export const SCRUBBED = "[redacted]";
/** What is sent when the mask of the user fails: nothing of what it should have masked. */
export const MASKING_FAILED = "[masking failed]";

/** Applies the user's mask, and sees that what comes out is a text of bearable length. */
export function masked(mask: Mask | undefined, text: string, field: MaskedField, charsMax: number): string {
  if (mask === undefined) return text;
  try {
    const out: unknown = mask(text, field);
    return typeof out === "string" ? cut(out, charsMax) : MASKING_FAILED;
  } catch {
    return MASKING_FAILED;
  }
}

/** A message of a server or of the gateway, without secrets. */
export function plainMessage(text: string, charsMax: number): string {
  return redactText(text, charsMax);
}

function cut(text: string, charsMax: number): string {
  return text.length > charsMax + 1 ? `${text.slice(0, charsMax)}…` : text;
}
