import type { IncomingMessage } from "node:http";

/** What a client takes for an answer. */
export interface Accepted {
  readonly json: boolean;
  readonly events: boolean;
}

const ANYTHING: Accepted = { json: true, events: true };
/** Nearly all clients say the same. */
let lastAccept: { readonly header: string; readonly accepted: Accepted } = { header: "*/*", accepted: ANYTHING };

/** What the header `Accept` of a request says. Absent means anything, as HTTP has it. */
export function acceptOf({ headers: { accept: header } }: IncomingMessage): Accepted {
  if (header === undefined) return ANYTHING;
  if (header !== lastAccept.header) lastAccept = { header, accepted: readAccept(header) };
  return lastAccept.accepted;
}

function readAccept(header: string): Accepted {
  if (header.includes("*/*")) return ANYTHING;
  const lower = header.toLowerCase();
  return {
    json: lower.includes("application/json") || lower.includes("application/*"),
    events: lower.includes("text/event-stream") || lower.includes("text/*"),
  };
}
