import type { IncomingMessage } from "node:http";

/** How long an issuer may take to answer, in ms. */
const TIMEOUT_MS = 5_000;
/** Largest document of an issuer, in bytes: a hundred keys take some 200 KB. */
const BODY_BYTES_MAX = 512 * 1024;

/** Fetches a JSON document; rejects with what happened. */
export type FetchJson = (url: string) => Promise<unknown>;

/** {@link FetchJson} over the network: no redirects, and limits on time and size. */
export async function fetchJson(url: string, timeoutMs = TIMEOUT_MS): Promise<unknown> {
  // Loaded when an issuer is asked: its clients take a good part of what an idle gateway holds.
  const { HttpOrigin } = await import("@mcp-hangar/egress/http");
  const signal = AbortSignal.timeout(timeoutMs);
  const place = new URL(url);
  const origin = new HttpOrigin(place, { connectionsMax: 1 });
  try {
    const answer = await origin.send({ method: "GET", url: place, headers: { accept: "application/json" }, signal });
    const { statusCode = 0 } = answer;
    if (statusCode >= 300 && statusCode < 400) throw new Error(`HTTP ${statusCode}, a redirect, which is not followed`);
    if (statusCode < 200 || statusCode > 299) throw new Error(`HTTP ${statusCode}`);
    return JSON.parse(await textOf(answer)) as unknown;
  } catch (cause) {
    const reason = signal.aborted ? `no answer within ${timeoutMs / 1_000} s` : reasonOf(cause);
    throw new Error(`${url}: ${reason}`, { cause });
  } finally {
    origin.close();
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`the document is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
