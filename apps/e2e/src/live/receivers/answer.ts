/** What a receiver answers: the status, the body, and why it refuses. `undefined` means that it accepts. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** JSON unless said. */
  readonly contentType?: string;
  readonly refusal: string | undefined;
}

/** What templates leave in a text when they have been given nothing, or something of another kind. */
const LEFT_OVER = /<no value>|&lt;no value&gt;|<nil>|%!|\bNaN\b|[+-]Inf\b/;

/** Why nobody can use a text that has arrived; an empty list when there is no reason. */
export function flawsOf(where: string, text: string): readonly string[] {
  if (text.trim() === "") return [`${where} is missing or blank`];
  return LEFT_OVER.test(text) ? [`${where} has what a template left over: ${text}`] : [];
}
