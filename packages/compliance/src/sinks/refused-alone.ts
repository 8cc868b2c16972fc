import type { Send, SendOutcome } from "@mcp-hangar/delivery";

/** What is known of a part of a batch; places count from the start of the whole batch. */
interface Part {
  readonly rejected: number;
  readonly retry: readonly number[];
  /** Of what failed first. */
  readonly failure: Extract<SendOutcome, { readonly kind: "retry" | "rejected" | "partial" }> | undefined;
}

/**
 * Sends so that a record which is refused for good takes no others with it: a batch that is refused is divided, until what is refused
 * stands alone. Nothing is sent after a part that has to be sent again, so that the order holds.
 */
export function refusedAlone<Entry>(send: Send<Entry>): Send<Entry> {
  return async (batch, signal) => {
    const outcome = await send(batch, signal);
    if (outcome.kind !== "rejected" || batch.length <= 1) return outcome;
    const { rejected, retry, failure = outcome } = await divide(send, batch, { signal, begin: 0, refusal: outcome });
    if (rejected === batch.length) return outcome;
    const { message } = failure;
    const reason = "reason" in failure ? failure.reason : "rejected";
    const retryAfterMs = "retryAfterMs" in failure ? failure.retryAfterMs : undefined;
    return {
      kind: "partial",
      rejected,
      retry,
      reason,
      ...(message !== undefined && { message }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  };
}

interface Division {
  readonly signal: AbortSignal;
  /** Place of the first record. */
  readonly begin: number;
  readonly refusal: Extract<SendOutcome, { readonly kind: "rejected" }>;
}

/** Sends the halves of a batch that was refused as a whole. */
async function divide<Entry>(send: Send<Entry>, batch: readonly Entry[], division: Division): Promise<Part> {
  if (batch.length === 1) return { rejected: 1, retry: [], failure: division.refusal };
  const middle = Math.ceil(batch.length / 2);
  const first = await sendPart(send, batch.slice(0, middle), division);
  const secondBegin = division.begin + middle;
  const rest = batch.slice(middle);
  if (first.retry.length > 0) {
    return { ...first, retry: [...first.retry, ...rest.map((_entry, place) => secondBegin + place)] };
  }
  const second = await sendPart(send, rest, { ...division, begin: secondBegin });
  return {
    rejected: first.rejected + second.rejected,
    retry: second.retry,
    failure: second.retry.length > 0 ? second.failure : (first.failure ?? second.failure),
  };
}

async function sendPart<Entry>(send: Send<Entry>, part: readonly Entry[], division: Division): Promise<Part> {
  const { signal, begin } = division;
  const all = part.map((_entry, place) => begin + place);
  if (signal.aborted) return { rejected: 0, retry: all, failure: undefined };
  const outcome = await send(part, signal);
  switch (outcome.kind) {
    case "delivered":
      return { rejected: 0, retry: [], failure: undefined };
    case "retry":
      return { rejected: 0, retry: all, failure: outcome };
    case "partial":
      return { rejected: outcome.rejected, retry: outcome.retry.map((place) => begin + place), failure: outcome };
    case "rejected":
      return divide(send, part, { signal, begin, refusal: outcome });
  }
}
