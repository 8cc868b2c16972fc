import { addAbortSignal, type Readable } from "node:stream";

/**
 * Reads a whole body of JSON.
 * @throws Error when it is too large, breaks off, is no JSON, or the signal is aborted
 */
export async function readJson(
  body: Readable,
  limits: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // An abort ends the loop below with an error of the stream.
  for await (const chunk of addAbortSignal(limits.signal, body)) {
    // Bodies are read as bytes: nobody has set an encoding.
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > limits.bytesMax) throw new Error(`the answer is larger than ${limits.bytesMax} bytes`);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (cause) {
    throw new Error(`the answer is no JSON (${bytes} bytes)`, { cause });
  }
}
