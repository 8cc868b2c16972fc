import type { Family, View } from "./families.ts";

/** Well under a millisecond of work, after which other work may have its turn. */
const CHUNK_CHARACTERS = 65_536;

/**
 * Writes a scrape as UTF-8. `yieldTurn` is awaited between chunks, so that a large scrape does not hold up calls; each
 * chunk is encoded in its own turn for the same reason.
 */
export async function render(
  families: readonly Family[],
  view: View,
  yieldTurn: (() => Promise<void>) | undefined,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let blocks: string[] = [];
  let characters = 0;
  for (const family of families) {
    blocks.push(family.header(view.format));
    for (const block of family.blocks(view)) {
      blocks.push(block);
      characters += block.length;
      if (characters < CHUNK_CHARACTERS) continue;
      chunks.push(Buffer.from(blocks.join("")));
      blocks = [];
      characters = 0;
      await yieldTurn?.();
    }
  }
  if (view.format === "openMetrics") blocks.push("# EOF\n");
  chunks.push(Buffer.from(blocks.join("")));
  return Buffer.concat(chunks);
}
