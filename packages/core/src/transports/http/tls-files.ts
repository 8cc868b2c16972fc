import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { TlsOptions } from "../../options.ts";
import { StartError } from "../session.ts";
import { checkCertificateBundle } from "./certificate-bundle.ts";

/** What `tls.connect` needs of the configured options. */
export interface TlsConnect {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/** Bytes of one file: bundles of authorities have some 250 KB. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Reads the configured certificates and makes sure that connections can be made with them. They are read anew for every
 * session, so that renewed files count after a restart of the server.
 * @throws StartError `tls_failed`, naming the option and the file.
 */
export async function tlsConnect(tls: TlsOptions | undefined): Promise<TlsConnect | undefined> {
  if (tls === undefined) return undefined;
  const [ca, cert, key] = await Promise.all([
    read("tls.ca_file", tls.ca_file, "CERTIFICATE"),
    read("tls.cert_file", tls.cert_file, "CERTIFICATE"),
    read("tls.key_file", tls.key_file, "PRIVATE KEY"),
  ]);
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  refuseUnusable(tls, files);
  return {
    ...files,
    ...(tls.server_name !== undefined && { servername: tls.server_name }),
    rejectUnauthorized: !tls.insecure_skip_verify,
  };
}

async function read(option: string, path: string | undefined, label: string): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  let content: Buffer;
  try {
    const found = await stat(path);
    // A pipe or a device would be waited for, or read, without end.
    if (!found.isFile()) throw new Error("it is no regular file");
    if (found.size > FILE_BYTES_MAX) throw new Error(`it is larger than ${FILE_BYTES_MAX} bytes (${found.size})`);
    content = await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${option} ${path} cannot be read: ${reason}. Check the path and its permissions`;
    throw new StartError("tls_failed", message, { cause: error, option });
  }
  // Node.js takes a file without any certificate for an empty list of authorities, and then trusts nobody without a word.
  if (!content.includes(`${label}-----`)) {
    throw new StartError("tls_failed", `${option} ${path} has no PEM block that ends its name in ${label}`, { option });
  }
  return content;
}

/** What `tls.connect` would throw with each connection, found before the first and blamed on one file. */
function refuseUnusable(tls: TlsOptions, { ca, cert, key }: Pick<TlsConnect, "ca" | "cert" | "key">): void {
  const attempt = (option: "ca_file" | "cert_file" | "key_file", what: string, make: () => unknown): void => {
    try {
      if (make() !== false) return;
    } catch (cause) {
      const message = `tls.${option} ${tls[option]} ${what}: ${cause instanceof Error ? cause.message : String(cause)}`;
      throw new StartError("tls_failed", message, { cause, option: `tls.${option}` });
    }
    throw new StartError("tls_failed", `tls.${option} ${tls[option]} ${what}`, { option: `tls.${option}` });
  };
  if (ca !== undefined) {
    attempt("ca_file", "is no usable list of authorities", () => checkCertificateBundle(ca.toString("latin1")));
  }
  if (cert !== undefined) attempt("cert_file", "is no usable certificate", () => createSecureContext({ cert }));
  if (key !== undefined)
    attempt("key_file", "is no usable key; keys with a passphrase are not", () => createPrivateKey(key));
  if (cert === undefined || key === undefined) return;
  attempt("key_file", "is not the key of the certificate in tls.cert_file", () =>
    new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)),
  );
  attempt("key_file", "cannot be used together with tls.cert_file", () => createSecureContext({ cert, key }));
}
