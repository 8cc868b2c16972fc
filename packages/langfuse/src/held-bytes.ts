import type { HeldCall } from "./call-observation.ts";

/** What facts take. */
const FACTS_BYTES = 2_000;
/** What is assumed of arguments of a call that never reached a server, so that nobody has measured them. */
const UNMEASURED_BYTES = 256 * 1024;

/** Bytes that a call holds until it is encoded, by the sizes of its messages: nothing is measured for it. */
export function heldBytes({ facts, input, output }: HeldCall): number {
  let bytes = FACTS_BYTES;
  const { reached } = facts;
  if (input !== undefined) bytes += reached?.requestBytes ?? UNMEASURED_BYTES;
  if (output !== undefined) bytes += reached?.responseBytes ?? UNMEASURED_BYTES;
  return bytes;
}
