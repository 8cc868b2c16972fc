import { X509Certificate } from "node:crypto";

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Parses every certificate of a PEM bundle. Node.js leaves out what it cannot parse, and everything after it, without a word,
 * and then trusts fewer authorities than the file names, or none.
 * @throws Error that says which of them is broken.
 */
export function checkCertificateBundle(pem: string): void {
  for (const [index, [block]] of [...pem.matchAll(BLOCK)].entries()) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`certificate ${index + 1} in it cannot be parsed: ${reason}`, { cause });
    }
  }
}
