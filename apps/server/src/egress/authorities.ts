import { hash, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { OptionProblem } from "@mcp-hangar/core";
import type { Environment } from "../config/environment.ts";
import type { EgressSection } from "./options.ts";

/** Bytes of a bundle: those of operating systems have some 250 KB. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

const BLOCK = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]*-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** Who is trusted where nothing else is said, with what could not be read. */
interface Authorities {
  /** PEM; `undefined` for those of Node.js as they are. */
  readonly certificates: readonly string[] | undefined;
  /** Paths are relative to `egress`. */
  readonly problems: readonly OptionProblem[];
}

/**
 * Whom connections trust: the authorities of Node.js, or those of `SSL_CERT_FILE` in their place, as OpenSSL, curl and Go read it;
 * besides these, those of `NODE_EXTRA_CA_CERTS` and of `egress.ca_file`. What cannot be read is left out, and if `examine` is set what cannot be
 * parsed, too.
 */
export function authorities({ ca_file: caFile }: EgressSection, env: Environment, examine = true): Authorities {
  const problems: OptionProblem[] = [];
  const read = (file: string | undefined, path: OptionProblem["path"], what: string): readonly string[] | undefined => {
    if (file === undefined || file === "") return undefined;
    try {
      return certificatesIn(file, examine);
    } catch (error) {
      problems.push({ path, message: `${what} ${file}: ${(error as Error).message}` });
      return undefined;
    }
  };
  const own = read(caFile, ["ca_file"], "egress.ca_file");
  const inPlace = read(env.SSL_CERT_FILE, [], "the variable SSL_CERT_FILE names");
  if (own === undefined && inPlace === undefined) return { certificates: undefined, problems };
  // One bundle is often named in both variables.
  const extra = (): readonly string[] =>
    env.NODE_EXTRA_CA_CERTS === env.SSL_CERT_FILE ? [] : getCACertificates("extra");
  const base = inPlace === undefined ? getCACertificates("default") : [...inPlace, ...extra()];
  return { certificates: [...base, ...(own ?? [])], problems };
}

/**
 * Puts the authorities into force for the whole process. OpenSSL parses them all for that, so they are examined one by one only if it
 * refuses them.
 */
export function trust(section: EgressSection, env: Environment): void {
  for (const examine of [false, true]) {
    const { certificates } = authorities(section, env, examine);
    if (certificates === undefined) return;
    try {
      setDefaultCACertificates(certificates);
      inForce = new Set(certificates.map(digestOf));
      return;
    } catch (error) {
      if (examine) throw error;
    }
  }
}

/**
 * Digests of the certificates that OpenSSL has parsed already: a bundle has some 150, and each takes a tenth of a millisecond. Their text
 * would be 200 KB.
 */
let inForce: ReadonlySet<string> = new Set();

function digestOf(certificate: string): string {
  return hash("sha256", certificate, "base64");
}

/** @throws Error that says what is wrong with the file, as the end of a sentence. */
function certificatesIn(file: string, examine: boolean): readonly string[] {
  const found = statSync(file);
  // A pipe or a device would be waited for, or read, without end.
  if (!found.isFile()) throw new Error("is no regular file");
  if (found.size > FILE_BYTES_MAX) throw new Error(`is larger than ${FILE_BYTES_MAX} bytes (${found.size})`);
  const blocks = [...readFileSync(file, "latin1").matchAll(BLOCK)].map(([block]) =>
    block.replaceAll("TRUSTED CERTIFICATE", "CERTIFICATE"),
  );
  if (blocks.length === 0) throw new Error("has no certificate in PEM");
  for (const [index, block] of examine ? blocks.entries() : []) {
    if (inForce.has(digestOf(block))) continue;
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw new Error(`certificate ${index + 1} in it cannot be parsed: ${(cause as Error).message}`, { cause });
    }
  }
  return blocks;
}
