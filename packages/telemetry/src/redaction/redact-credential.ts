import type { Caller } from "../participants.ts";
import { redactText } from "./redact-text.ts";

/** What the gateway calls an API key: by an id that is no secret, behind a word that elsewhere names a secret and would hide it. */
const API_KEY = /^(api_key:)([\w.-]{1,100})$/;

/**
 * The identity of a credential without secrets, of at most `charsMax` characters and "…". Of an API key the word before its id is the
 * gateway's own, and only the id is searched; in text of others the same word stands before a key itself.
 */
export function redactCredential({ type, credential }: Pick<Caller, "type" | "credential">, charsMax?: number): string {
  const [, word, id] = (type === "api_key" && API_KEY.exec(credential)) || [];
  return word === undefined || id === undefined ? redactText(credential, charsMax) : word + redactText(id, charsMax);
}
