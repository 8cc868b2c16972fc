import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { type PemLabel, pemFile } from "@mcp-hangar/egress";
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

async function read(option: string, path: string | undefined, label: PemLabel): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await pemFile(path, label);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `${option} ${path} cannot be read: ${reason}. Check the path and its permissions`;
    throw new StartError("tls_failed", message, { cause: error, option });
  }
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
