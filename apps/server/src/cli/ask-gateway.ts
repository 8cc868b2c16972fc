import { z } from "zod";

/** How long a gateway may take to answer, in ms. */
const ANSWER_DEADLINE_MS = 5_000;

/** Where a gateway is, and who asks it. */
export interface GatewayAddress {
  readonly url: string;
  /** Needed where the gateway asks who its callers are. */
  readonly apiKey?: string;
}

/** What a gateway answered. */
export interface GatewayAnswer {
  readonly status: number;
  /** Parsed JSON; `undefined` when it was none. */
  readonly body: unknown;
}

/** Asks a running gateway. Throws with what to do when it cannot be reached, does not answer in time or wants another key. */
export async function askGateway(
  { url, apiKey }: GatewayAddress,
  path: string,
  {
    method = "GET",
    deadlineMs = ANSWER_DEADLINE_MS,
  }: { readonly method?: "GET" | "POST"; readonly deadlineMs?: number } = {},
): Promise<GatewayAnswer> {
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const init = { method, headers, signal: AbortSignal.timeout(deadlineMs) };
  const answer = await fetchAnswer(`${url}${path}`, init).catch((cause: unknown) => {
    throw new Error(unreachable(url, cause, deadlineMs), { cause });
  });
  const refused = answer.status === 401 || answer.status === 403 ? refusalOf(answer) : undefined;
  if (refused === undefined) return answer;
  const remedy = apiKey === undefined ? "set MCP_API_KEY or pass --api-key" : "use another key";
  throw new Error(`the gateway at ${url} refuses: ${refused.message}; ${remedy}`);
}

const refusal = z.looseObject({
  error: z.looseObject({
    message: z.string(),
    problems: z.array(z.looseObject({ field: z.string(), message: z.string() })).optional(),
  }),
});

/** Why a gateway did not do what it was asked; `undefined` when the answer does not say so. */
export function refusalOf({ body }: GatewayAnswer): z.infer<typeof refusal>["error"] | undefined {
  return refusal.safeParse(body).data?.error;
}

/** The error for an answer that no gateway gives. */
export function notAGateway(url: string, path: string, { status }: GatewayAnswer): Error {
  return new Error(`what answers at ${url}${path} is not an MCP Hangar gateway (HTTP ${status}); check --url`);
}

async function fetchAnswer(url: string, init: RequestInit): Promise<GatewayAnswer> {
  const response = await fetch(url, init);
  return { status: response.status, body: await jsonOf(response) };
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
