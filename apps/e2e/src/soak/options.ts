import { parseArgs } from "node:util";

/** How long and how wild a soak is. */
export interface SoakOptions {
  /** Calls of all clients together, items of batches included. */
  readonly calls: number;
  /** Decides every choice; two soaks with one seed differ only in timing. */
  readonly seed: number;
  /** Clients that call at the same time. */
  readonly lanes: number;
}

export const HELP = `Usage: pnpm --filter @mcp-hangar/e2e soak [options]

Calls a gateway through clients that come and go, while servers crash, hang, appear and disappear,
and accounts for every call. Exits with 1 when anything does not add up.

Options:
  --calls <n>  calls in all (default 200000)
  --seed <n>   seed of every choice (default 1)
  --lanes <n>  clients at the same time (default 16)
  --json       print the report as JSON
  --help       print this`;

/** Parses the command line. Throws with what is wrong and what to write instead. */
export function parseSoakArguments(argv: readonly string[]): SoakOptions & { readonly json: boolean; help: boolean } {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      calls: { type: "string", default: "200000" },
      seed: { type: "string", default: "1" },
      lanes: { type: "string", default: "16" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return {
    calls: whole("calls", values.calls, 100, 100_000_000),
    seed: whole("seed", values.seed, 0, 2 ** 32 - 1),
    lanes: whole("lanes", values.lanes, 1, 256),
    json: values.json,
    help: values.help,
  };
}

function whole(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`--${name} ${text}: write a whole number from ${min} to ${max}`);
}
