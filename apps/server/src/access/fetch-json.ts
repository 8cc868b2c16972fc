/** How long an issuer may take to answer, in ms. */
const TIMEOUT_MS = 5_000;
/** Largest document of an issuer, in bytes: a hundred keys take some 200 KB. */
const BODY_BYTES_MAX = 512 * 1024;

/** Fetches a JSON document; rejects with what happened. */
export type FetchJson = (url: string) => Promise<unknown>;

/** {@link FetchJson} over the network: no redirects, and limits on time and size. */
export async function fetchJson(url: string, timeoutMs = TIMEOUT_MS): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { signal, redirect: "error", headers: { accept: "application/json" } }).catch(
    (cause: unknown) => {
      throw new Error(`${url}: ${reasonOf(cause, timeoutMs)}`, { cause });
    },
  );
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`${url}: HTTP ${response.status}`);
  }
  try {
    return JSON.parse(await textOf(response)) as unknown;
  } catch (cause) {
    throw new Error(`${url}: ${reasonOf(cause, timeoutMs)}`, { cause });
  }
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the rest of the body.
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`the document is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs / 1_000} s`;
  return error.cause instanceof Error ? error.cause.message : error.message;
}
