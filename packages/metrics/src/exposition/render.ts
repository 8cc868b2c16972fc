import type { Family } from "./families.ts";
import type { ExpositionFormat } from "./format.ts";

/** Well under a millisecond of work, after which other work may have its turn. */
const CHUNK_CHARACTERS = 65_536;

/**
 * Writes a scrape as UTF-8. `yieldTurn` is awaited between chunks, so that a large scrape does not hold up calls; each
 * chunk is encoded in its own turn for the same reason.
 */
export async function render(
  families: readonly Family[],
  format: ExpositionFormat,
  yieldTurn: (() => Promise<void>) | undefined,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let blocks: string[] = [];
  let characters = 0;
  for (const family of families) {
    blocks.push(family.header(format));
    for (const block of family.blocks(format)) {
      blocks.push(block);
      characters += block.length;
      if (characters < CHUNK_CHARACTERS) continue;
      chunks.push(Buffer.from(blocks.join("")));
      blocks = [];
      characters = 0;
      await yieldTurn?.();
    }
  }
  if (format === "openMetrics") blocks.push("# EOF\n");
  chunks.push(Buffer.from(blocks.join("")));
  return Buffer.concat(chunks);
}
