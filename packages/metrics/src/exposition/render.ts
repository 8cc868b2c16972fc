import { type Body, GzipBody, PlainBody } from "./body.ts";
import type { Family, View } from "./families.ts";

/** Well under a millisecond of work, after which other work may have its turn. */
const CHUNK_CHARACTERS = 65_536;

/** How a scrape is put together. */
export interface RenderOptions {
  readonly gzip: boolean;
  /** Awaited between chunks, so that a large scrape does not hold up calls. */
  readonly yieldTurn: (() => Promise<void>) | undefined;
}

/** Writes a scrape as UTF-8, compressed if wanted. */
export async function render(
  families: readonly Family[],
  view: View,
  { gzip, yieldTurn }: RenderOptions,
): Promise<Buffer> {
  const body: Body = gzip ? new GzipBody() : new PlainBody();
  let chunk = "";
  for (const family of families) {
    chunk += family.header(view.format);
    for (const block of family.blocks(view)) {
      chunk += block;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      await body.write(chunk);
      chunk = "";
      await yieldTurn?.();
    }
  }
  await body.write(view.format === "openMetrics" ? `${chunk}# EOF\n` : chunk);
  return await body.end();
}
