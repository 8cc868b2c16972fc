import { type PemLabel, pemFile } from "@mcp-hangar/egress";
import type { OtlpDestination } from "./destination.ts";

/** Certificates as PEM. */
export interface TlsFiles {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** Whether there is a file to read. */
export function hasTlsFiles({ url, certificate, clientCertificate, clientKey }: OtlpDestination): boolean {
  const files = [certificate, clientCertificate, clientKey];
  return url.protocol === "https:" && files.some((file) => file !== undefined);
}

export function isSameTls(one: TlsFiles, other: TlsFiles): boolean {
  const same = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
    a === undefined || b === undefined ? a === b : a.equals(b);
  return same(one.ca, other.ca) && same(one.cert, other.cert) && same(one.key, other.key);
}

/** Reads the certificates of a destination, if it is spoken to over TLS. Rejects when one cannot be read. */
export async function readTlsFiles(destination: OtlpDestination): Promise<TlsFiles> {
  const { url, certificate, clientCertificate, clientKey } = destination;
  if (url.protocol !== "https:") return { ca: undefined, cert: undefined, key: undefined };
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new Error("OTLP: a client certificate and its key belong together; set both, or neither");
  }
  const [ca, cert, key] = await Promise.all([
    read("the certificate", certificate, "CERTIFICATE"),
    read("the client certificate", clientCertificate, "CERTIFICATE"),
    read("the client's key", clientKey, "PRIVATE KEY"),
  ]);
  return { ca, cert, key };
}

async function read(name: string, path: string | undefined, label: PemLabel): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await pemFile(path, label);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`OTLP: ${name} ${path} cannot be read: ${why}`, { cause });
  }
}
