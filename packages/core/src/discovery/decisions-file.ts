import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { z } from "zod";
import type { DecisionBook } from "./decisions.ts";

/** Bytes of a file: ten thousand servers with all that is remembered of each. */
const FILE_BYTES_MAX = 32 * 1024 * 1024;

const fingerprints = z.array(z.string().max(100)).max(100).readonly();
const contentSchema = z.strictObject({
  version: z.literal(1),
  decisions: z
    .array(
      z.strictObject({
        server: z.string().max(300),
        approved: fingerprints,
        rejected: fingerprints,
        distrusted: z.boolean(),
      }),
    )
    .max(10_000),
});

/**
 * Reads the decisions that were kept; none when the file does not exist yet.
 * @throws Error when it is there and cannot be used: to go on without it would forget what was rejected.
 */
export function readDecisions(file: string): DecisionBook {
  try {
    const { size } = statSync(file);
    if (size > FILE_BYTES_MAX) throw new Error(`larger than ${FILE_BYTES_MAX} bytes (${size})`);
    const { decisions } = contentSchema.parse(JSON.parse(readFileSync(file, "utf8")));
    return new Map(decisions.map(({ server, ...decision }) => [server, decision]));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(
      `discovery.decisions_file ${file} cannot be used: ${reason}. Mend it, or move it away to begin anew`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Writes all decisions, in one step: whoever reads the file meanwhile, or after a power cut, finds the old ones or the new.
 * @throws Error of the file system.
 */
export function writeDecisions(file: string, book: DecisionBook): void {
  const decisions = [...book].map(([server, decision]) => ({ server, ...decision }));
  const text = `${JSON.stringify({ version: 1, decisions } satisfies z.input<typeof contentSchema>, undefined, 2)}\n`;
  // Flushed before the rename, or a power cut could leave an empty file under the name.
  writeFileSync(`${file}~`, text, { mode: 0o600, flush: true });
  renameSync(`${file}~`, file);
}
