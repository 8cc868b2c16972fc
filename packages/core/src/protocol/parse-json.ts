/** A number that may be longer than a double is exact: 16 digits or more, where a number can stand. */
const LONG_NUMBER = /[:,[]\s*-?\d[\d.]{15}/;

/** The source text access of JSON.parse, and its counterpart; TypeScript does not know them yet. */
interface ExactJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(source: string): object;
}
// Both are part of V8 since Node.js 21.
const exactJson = JSON as unknown as ExactJson;

/**
 * Parses JSON like `JSON.parse`, but keeps numbers that no double holds, such as 64-bit ids, so that `JSON.stringify`
 * writes them as they came. They become raw JSON objects (`JSON.isRawJSON`); all others stay numbers.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  return LONG_NUMBER.test(text) ? exactJson.parse(text, keepExact) : JSON.parse(text);
}

function keepExact(_key: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== "number" || source === undefined || isExact(value, source)) return value;
  return exactJson.rawJSON(source);
}

/** Whether a double tells the same number; its shortest notation is what other languages write, too. */
function isExact(value: number, source: string): boolean {
  return Number.isSafeInteger(value) || String(value) === source;
}
