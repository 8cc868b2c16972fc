import { readFile } from "node:fs/promises";
import type { TlsOptions } from "../../options.ts";
import { StartError } from "../session.ts";

/** What `tls.connect` needs of the configured options. */
export interface TlsConnect {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/**
 * Reads the configured certificates. They are read anew for every session, so that renewed files count after a restart
 * of the server.
 * @throws StartError `invalid_options` or `tls_failed`, naming the option and the file.
 */
export async function tlsConnect(tls: TlsOptions | undefined, isHttps: boolean): Promise<TlsConnect | undefined> {
  if (tls === undefined) return undefined;
  if (!isHttps) {
    throw new StartError(
      "invalid_options",
      "tls is set, but the endpoint starts with http://: use https:// or remove tls",
    );
  }
  if ((tls.cert_file === undefined) !== (tls.key_file === undefined)) {
    const missing = tls.cert_file === undefined ? "tls.cert_file" : "tls.key_file";
    throw new StartError("invalid_options", `a client certificate needs both its files, but ${missing} is not set`);
  }
  const [ca, cert, key] = await Promise.all([
    read("tls.ca_file", tls.ca_file, "CERTIFICATE"),
    read("tls.cert_file", tls.cert_file, "CERTIFICATE"),
    read("tls.key_file", tls.key_file, "PRIVATE KEY"),
  ]);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(tls.server_name !== undefined && { servername: tls.server_name }),
    rejectUnauthorized: !tls.insecure_skip_verify,
  };
}

async function read(option: string, path: string | undefined, label: string): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError("tls_failed", `${option} cannot be read: ${reason}. Check the path and its permissions`, {
      cause: error,
    });
  }
  // Node.js takes a file without any certificate for an empty list of authorities, and then trusts nobody without a word.
  if (!content.includes(`${label}-----`)) {
    throw new StartError("tls_failed", `${option} ${path} has no PEM block that ends its name in ${label}`);
  }
  return content;
}
