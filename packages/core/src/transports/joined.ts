/**
 * Joins pieces that were read from a socket or pipe, and gives the memory of all but the last back at once: who is reading may still have
 * that one in hand. Left to V8, each few megabytes outside of its heap start a collection that looks through all of the heap.
 */
export function joined(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const whole = Buffer.concat(pieces);
  for (const piece of pieces.slice(0, -1)) release(piece);
  return whole;
}

/** Gives memory back that is all of one piece; what shares it with others stays. */
function release({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
