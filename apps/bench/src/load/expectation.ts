import type { HttpAnswer } from "./answer-reader.ts";
import { sequenceDigits } from "./mcp-session.ts";

/** A tool call that can be checked: what is sent, and which text must come back. */
export interface Workload {
  readonly tool: string;
  /** Arguments as JSON, `$SEQ` standing for the sequence number. */
  readonly argumentsJson: string;
  /** Text after the sequence number and the colon; undefined when only its length is known. */
  readonly tail: string | undefined;
  /** Length of that text. */
  readonly tailLength: number;
}

/** A call of the `echo` tool with a text of this many bytes. */
export function echoWorkload(bytes: number, tool = "echo"): Workload {
  const tail = "an echo that nobody else asked for ".repeat(Math.ceil(bytes / 35)).slice(0, bytes - sequenceDigits - 1);
  return { tool, argumentsJson: `{"text":"$SEQ:${tail}"}`, tail, tailLength: tail.length };
}

/** A call of the `blob` tool, answered with about this many bytes of JSON. */
export function blobWorkload(bytes: number): Workload {
  return { tool: "blob", argumentsJson: `{"seq":"$SEQ","bytes":${bytes}}`, tail: undefined, tailLength: bytes };
}

/**
 * Checks that an answer belongs to the call with this number and is complete.
 * @returns undefined when it does, else what is wrong with it.
 */
export function fault(workload: Workload, sequence: number, answer: HttpAnswer): string | undefined {
  if (answer.status !== 200) return `HTTP ${answer.status}: ${answer.body.slice(0, 300)}`;
  const message = parse(answer.body);
  if (message === undefined) return `not a JSON-RPC message: ${answer.body.slice(0, 300)}`;
  if (message.id !== sequence) return `id ${JSON.stringify(message.id)} instead of ${sequence}`;
  const text = message.result?.content?.[0]?.text;
  if (text === undefined || message.result?.isError === true) return `no result: ${answer.body.slice(0, 300)}`;
  if (!text.startsWith(`${sequence}:`)) return `the text of another call: ${text.slice(0, 60)}`;
  if (workload.tail !== undefined) return text.endsWith(workload.tail) ? undefined : `a changed text: ${text}`;
  // Escapes count as two bytes on the wire and as one character here, so a whole text is a little shorter.
  const length = text.length - sequenceDigits - 1;
  return length > workload.tailLength * 0.9
    ? undefined
    : `${length} characters instead of about ${workload.tailLength}`;
}

interface CallAnswer {
  readonly id?: unknown;
  readonly result?: { readonly isError?: boolean; readonly content?: readonly { readonly text?: string }[] };
}

function parse(body: string): CallAnswer | undefined {
  const json = body.startsWith("{") ? body : /^data: ?(\{.*)$/m.exec(body)?.[1];
  if (json === undefined) return undefined;
  try {
    // Every field of CallAnswer is optional and compared with a value by the caller, so a wrong shape is a fault, not a crash.
    return JSON.parse(json) as CallAnswer;
  } catch {
    return undefined;
  }
}
