import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { ERROR_TYPES, REJECTION_REASONS } from "@mcp-hangar/telemetry";

/** How a call ended, as the client saw it or as the gateway wrote it down. */
export interface Ending {
  readonly status: "success" | "error" | "timeout" | "rejected" | "cancelled";
  /** Error type or rejection reason. */
  readonly cause?: string | undefined;
}

/** A call whose client left before the answer: the gateway may have seen it or not, and ended it in any way. */
export const LEFT = "left";

/** Prefix of the ids by which calls are found again in the log; the rest is a running number. */
const ID = "soak-";

/** What the gateway wrote down of all calls. */
export interface GatewayRecords {
  /** Calls by `server status`; a call of a server that does not exist counts under the name that was typed. */
  readonly totals: ReadonlyMap<string, number>;
  readonly lines: number;
}

/** Every call that was made and how it ended for its client; compared in the end with what the gateway wrote down. */
export class Ledger {
  readonly #endings: (Ending | typeof LEFT | undefined)[] = [];
  readonly #violations: string[] = [];

  /** Calls begun so far. */
  get started(): number {
    return this.#endings.length;
  }

  /** What did not add up; only the first hundred. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** Begins a call: the id goes along as `user_id`. */
  begin(): string {
    this.#endings.push(undefined);
    return `${ID}${this.#endings.length - 1}`;
  }

  end(id: string, ending: Ending | typeof LEFT): void {
    const index = Number(id.slice(ID.length));
    if (this.#endings[index] !== undefined) this.violate(`${id} ended twice for its client`);
    this.#endings[index] = ending;
  }

  violate(message: string): void {
    if (this.#violations.length < 100) this.#violations.push(message);
  }

  /** How many calls ended in which way for their clients. */
  summary(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const ending of this.#endings) {
      const key = ending === undefined ? "unanswered" : ending === LEFT ? LEFT : words(ending);
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  /** Reads the gateway's log: each call stands there once, with the ending that its client saw. */
  async compareWithLog(file: string): Promise<GatewayRecords> {
    const seen = new Map<number, Ending>();
    const totals = new Map<string, number>();
    let repeated = 0;
    for await (const text of createInterface({ input: createReadStream(file) })) {
      if (text.includes('"event":"events_repeated"')) repeated += repeatedCalls(text);
      if (!text.includes(`"user_id":"${ID}`)) continue;
      // The gateway's own log: a line with these fields is of a finished call.
      const line = JSON.parse(text) as Record<"mcp_server" | "status" | "error_type" | "reason" | "user_id", string>;
      const index = Number(line.user_id.slice(ID.length));
      if (seen.has(index)) this.violate(`${line.user_id} is in the log twice`);
      seen.set(index, { status: line.status as Ending["status"], cause: line.error_type ?? line.reason });
      const key = `${line.mcp_server} ${line.status}`;
      totals.set(key, (totals.get(key) ?? 0) + 1);
    }
    let untold = 0;
    for (const [index, ending] of this.#endings.entries()) {
      const gateway = seen.get(index);
      // Refused calls that come by the hundred are counted together.
      if (gateway === undefined && isRejected(ending)) untold += 1;
      else this.#compare(`${ID}${index}`, ending, gateway);
    }
    // Of calls whose clients left, nobody knows whether they were refused.
    if (untold > repeated)
      this.violate(`${untold} refused calls are not in the log, which counts ${repeated} together`);
    return { totals, lines: seen.size };
  }

  #compare(id: string, client: Ending | typeof LEFT | undefined, gateway: Ending | undefined): void {
    if (client === LEFT) return;
    if (client === undefined) this.violate(`${id} got no answer`);
    else if (gateway === undefined) this.violate(`${id} (${words(client)}) is not in the log`);
    else if (words(client) !== words(gateway)) {
      this.violate(`${id}: the client saw ${words(client)}, the log says ${words(gateway)}`);
    }
  }
}

function isRejected(ending: Ending | typeof LEFT | undefined): boolean {
  return typeof ending === "object" && ending.status === "rejected";
}

/** How many calls a line counts together that have no line of their own. */
function repeatedCalls(text: string): number {
  const { of, count } = JSON.parse(text) as { readonly of: string; readonly count: number };
  return of === "call.finished" ? count : 0;
}

/** The ending that a failure of the gateway means: `error_type` of a JSON-RPC error or of a batch item. */
export function endingOf(errorType: string): Ending | undefined {
  if (errorType === "timeout" || errorType === "cancelled") return { status: errorType };
  if (is(REJECTION_REASONS, errorType)) return { status: "rejected", cause: errorType };
  return is(ERROR_TYPES, errorType) ? { status: "error", cause: errorType } : undefined;
}

function is(values: readonly string[], value: string): boolean {
  return values.includes(value);
}

function words({ status, cause }: Ending): string {
  return status === "error" || status === "rejected" ? `${status} (${cause})` : status;
}
