import { fetchJson, type JsonAnswer } from "./fetch-json.ts";
import { hasFields } from "./has-fields.ts";

/** How long a gateway may take to answer, in ms. */
const ANSWER_DEADLINE_MS = 5_000;

/** Where a gateway is, and who asks it. */
export interface GatewayAddress {
  readonly url: string;
  /** Needed where the gateway asks who its callers are. */
  readonly apiKey?: string;
}

/** Asks a running gateway. Throws with what to do when it cannot be reached, does not answer in time or wants another key. */
export async function askGateway(
  { url, apiKey }: GatewayAddress,
  path: string,
  {
    method = "GET",
    deadlineMs = ANSWER_DEADLINE_MS,
  }: { readonly method?: "GET" | "POST"; readonly deadlineMs?: number } = {},
): Promise<JsonAnswer> {
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const init = { method, headers, signal: AbortSignal.timeout(deadlineMs) };
  const answer = await fetchJson(`${url}${path}`, init).catch((cause: unknown) => {
    throw new Error(unreachable(url, cause, deadlineMs), { cause });
  });
  const refused = answer.status === 401 || answer.status === 403 ? refusalOf(answer) : undefined;
  if (refused === undefined) return answer;
  const remedy = apiKey === undefined ? "set MCP_API_KEY or pass --api-key" : "use another key";
  throw new Error(`the gateway at ${url} refuses: ${refused.message}; ${remedy}`);
}

/** Why a gateway refused. */
export interface Refusal {
  readonly message: string;
  /** What is wrong with single fields, if that was it. */
  readonly problems: readonly { readonly field: string; readonly message: string }[];
}

/** Why a gateway did not do what it was asked; `undefined` when the answer does not say so. */
export function refusalOf({ body }: JsonAnswer): Refusal | undefined {
  if (!hasFields(body, { error: "object" }) || !hasFields(body.error, { message: "string" })) return undefined;
  const problems = hasFields(body.error, { problems: "array" }) ? body.error.problems : [];
  return {
    message: body.error.message,
    problems: problems.filter((problem) => hasFields(problem, { field: "string", message: "string" })),
  };
}

/** The error for an answer that no gateway gives. */
export function notAGateway(url: string, path: string, { status }: JsonAnswer): Error {
  return new Error(`what answers at ${url}${path} is not an MCP Hangar gateway (HTTP ${status}); check --url`);
}

function unreachable(url: string, error: unknown, deadlineMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") {
    return `the gateway at ${url} did not answer within ${deadlineMs / 1_000} s`;
  }
  // What the connection failed with: of several addresses the list, which has a code and no message.
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === "ECONNREFUSED") {
    return `nothing listens at ${url}; start a gateway with mcp-hangar serve --http, or name another with --url`;
  }
  return `cannot reach ${url}: ${message === undefined || message === "" ? (code ?? String(error)) : message}; check --url`;
}
