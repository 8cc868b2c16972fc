import type { SendOutcome } from "@mcp-hangar/delivery";
import type { HttpAnswer } from "./http-client.ts";

/** The records themselves are refused: the same bytes will never be taken. Everything else may be mended at the receiver or on the way. */
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([400, 413, 422]);

/** What an answer means where its status says everything. */
export function outcomeOfAnswer(who: string, answer: HttpAnswer, nowMs: number): SendOutcome {
  const { status } = answer;
  if (status >= 200 && status <= 299) return { kind: "delivered" };
  if (REFUSED_FOR_GOOD.has(status)) return { kind: "rejected", message: answerText(who, answer) };
  return retryLater(who, answer, nowMs);
}

/** The batch is to be sent again, when the receiver asks for it. */
export function retryLater(who: string, answer: HttpAnswer, nowMs: number): SendOutcome {
  const retryAfterMs = retryAfter(answer.headers["retry-after"], nowMs);
  const message = answerText(who, answer);
  return { kind: "retry", reason: "rejected", message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

function answerText(who: string, { status, statusText }: HttpAnswer): string {
  const hint =
    status >= 300 && status <= 399 ? "; redirects are not followed, so name the address that it leads to" : "";
  return `${who} answers ${status} ${statusText}`.trimEnd() + hint;
}

/** Milliseconds for which a server asks to be left alone, in seconds or until a date; `undefined` when it does not. */
function retryAfter(field: string | undefined, nowMs: number): number | undefined {
  if (field === undefined) return undefined;
  const ms = /^\d+$/.test(field.trim()) ? Number(field) * 1_000 : Date.parse(field) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
