import { readFile, stat } from "node:fs/promises";

/** Bytes of one file: bundles of authorities have some 250 KB. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** What the name of a PEM block ends in. */
export type PemLabel = "CERTIFICATE" | "PRIVATE KEY";

/**
 * The content of a file of certificates or of a key, for a TLS connection. Rejects with why it is none, as the end of a sentence: Node.js
 * takes a file without any certificate for an empty list of authorities, and then trusts nobody without a word.
 */
export async function pemFile(path: string, label: PemLabel): Promise<Buffer> {
  const found = await stat(path);
  // A pipe or a device would be waited for, or read, without end.
  if (!found.isFile()) throw new Error("it is no regular file");
  if (found.size > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes (${found.size})`);
  const content = await readFile(path);
  if (!content.includes(`${label}-----`)) throw new Error(`it has no PEM block that ends its name in ${label}`);
  return content;
}
