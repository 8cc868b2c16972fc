import { shortText } from "./redaction/index.ts";

/** What a server says that a call has cost. A member that it does not say is absent: nothing is estimated. */
export interface Usage {
  /** In units of the currency. */
  readonly cost?: number;
  /** ISO 4217. */
  readonly currency?: string;
  /** The model that worked, as the server names it: for records, never for labels. */
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

/** For each member, where in `_meta` of a result it may stand: JSON Pointers (RFC 6901), of which the first that leads to a value is taken. */
export type UsagePointers = Readonly<
  Record<"cost" | "currency" | "model" | "input_tokens" | "output_tokens", readonly string[]>
>;

/** The names of the OpenTelemetry conventions for generative AI, and plain ones. */
export const USAGE_POINTERS: UsagePointers = {
  cost: ["/cost", "/usage/cost", "/gen_ai.usage.cost"],
  currency: ["/currency", "/usage/currency"],
  model: ["/gen_ai.response.model", "/gen_ai.request.model", "/model"],
  input_tokens: ["/gen_ai.usage.input_tokens", "/usage/input_tokens"],
  output_tokens: ["/gen_ai.usage.output_tokens", "/usage/output_tokens"],
};

/** Reads what a server says in `_meta` of a result; `undefined` when that is nothing. Never throws. */
export type UsageReader = (meta: object) => Usage | undefined;

/** A larger number is a mistake, and would drown all others in a sum. */
const COST_MAX = 1e9;
const TOKENS_MAX = 1e12;
const MODEL_CHARS_MAX = 200;

/** A reader for pointers. A value of the wrong kind counts as none. `currency` is that of costs that name none. */
export function usageReader(pointers: UsagePointers, currency: string | undefined): UsageReader {
  const paths = (key: keyof UsagePointers): readonly Path[] => pointers[key].map(pathOf);
  const [costs, currencies, models] = [paths("cost"), paths("currency"), paths("model")];
  const [inputs, outputs] = [paths("input_tokens"), paths("output_tokens")];
  return (meta) => {
    const cost = find(meta, costs, isCost);
    const inputTokens = find(meta, inputs, isCount);
    const outputTokens = find(meta, outputs, isCount);
    // A model by itself is no usage: servers name it for other reasons, too.
    if (cost === undefined && inputTokens === undefined && outputTokens === undefined) return undefined;
    const named = cost === undefined ? undefined : (find(meta, currencies, isCurrency) ?? currency);
    const model = find(meta, models, isModel);
    return {
      ...(cost !== undefined && { cost }),
      ...(named !== undefined && { currency: named }),
      ...(model !== undefined && { model: shortText(model, MODEL_CHARS_MAX) }),
      ...(inputTokens !== undefined && { inputTokens }),
      ...(outputTokens !== undefined && { outputTokens }),
    };
  };
}

/** A cost as attributes have it: in hundredths of the currency. A product of fractions has digits that nobody has said. */
export function hundredths(cost: number | undefined): number | undefined {
  return cost === undefined ? undefined : Math.round(cost * 1e8) / 1e6;
}

/** Whether a text is a JSON Pointer to something inside. */
export function isJsonPointer(text: string): boolean {
  return /^(?:\/(?:[^~/]|~[01])*)+$/.test(text);
}

type Path = readonly string[];

/** `~1` stands for "/" and `~0` for "~", in this order (RFC 6901 §4). */
function pathOf(pointer: string): Path {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function find<Value>(meta: object, paths: readonly Path[], is: (value: unknown) => value is Value): Value | undefined {
  for (const path of paths) {
    const value = valueAt(meta, path);
    if (is(value)) return value;
  }
  return undefined;
}

function valueAt(meta: object, path: Path): unknown {
  let value: unknown = meta;
  for (const token of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, token)) return undefined;
    // An own member of an object.
    value = (value as Readonly<Record<string, unknown>>)[token];
  }
  return value;
}

function isCost(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= COST_MAX;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= TOKENS_MAX;
}

function isCurrency(value: unknown): value is string {
  return typeof value === "string" && /^[A-Z]{3}$/.test(value);
}

function isModel(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
