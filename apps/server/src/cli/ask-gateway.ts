/** How long a gateway may take to answer, in ms. */
const ANSWER_DEADLINE_MS = 5_000;

/** What a gateway answered. */
export interface GatewayAnswer {
  readonly status: number;
  /** Parsed JSON; `undefined` when it was none. */
  readonly body: unknown;
}

/** Asks a running gateway. Throws with what to do when it cannot be reached or does not answer in time. */
export async function askGateway(
  url: string,
  path: string,
  {
    method = "GET",
    deadlineMs = ANSWER_DEADLINE_MS,
  }: { readonly method?: "GET" | "POST"; readonly deadlineMs?: number } = {},
): Promise<GatewayAnswer> {
  try {
    const response = await fetch(`${url}${path}`, { method, signal: AbortSignal.timeout(deadlineMs) });
    return { status: response.status, body: await jsonOf(response) };
  } catch (cause) {
    throw new Error(unreachable(url, cause, deadlineMs), { cause });
  }
}

/** The error for an answer that no gateway gives. */
export function notAGateway(url: string, path: string, { status }: GatewayAnswer): Error {
  return new Error(`what answers at ${url}${path} is not an MCP Hangar gateway (HTTP ${status}); check --url`);
}

async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(url: string, error: unknown, deadlineMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") {
    return `the gateway at ${url} did not answer within ${deadlineMs / 1_000} s`;
  }
  const { cause } = error as { readonly cause?: { readonly code?: string; readonly message?: string } };
  if (cause?.code === "ECONNREFUSED") {
    return `nothing listens at ${url}; start a gateway with mcp-hangar serve --http, or name another with --url`;
  }
  return `cannot reach ${url}: ${cause?.message ?? String(error)}; check --url`;
}
