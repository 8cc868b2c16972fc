/** A name or URI that a server sent, which may be anything. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
