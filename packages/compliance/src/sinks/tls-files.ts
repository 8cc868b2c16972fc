import { type PemLabel, pemFile } from "@mcp-hangar/egress";

/** Paths of PEM files. */
export interface TlsFiles {
  /** Who vouches for the receiver; the authorities of Node.js without it. */
  readonly caFile?: string;
  /** Proves who the gateway is; with `keyFile`. */
  readonly certFile?: string;
  readonly keyFile?: string;
  /** The name that the receiver's certificate is for, where it is not the host. */
  readonly serverName?: string;
}

/** What `node:tls` takes. */
export interface TlsOptions {
  readonly minVersion: "TLSv1.2";
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly servername?: string;
}

/** Reads certificates. Read them for every connection, and new ones are used without a restart. Rejects with which cannot be read. */
export async function readTlsFiles({ caFile, certFile, keyFile, serverName }: TlsFiles): Promise<TlsOptions> {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new Error("a client certificate and its key belong together; set both, or neither");
  }
  const [ca, cert, key] = await Promise.all([
    read("the certificate of the authority", caFile, "CERTIFICATE"),
    read("the client certificate", certFile, "CERTIFICATE"),
    read("the client's key", keyFile, "PRIVATE KEY"),
  ]);
  return {
    minVersion: "TLSv1.2",
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

async function read(what: string, path: string | undefined, label: PemLabel): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await pemFile(path, label);
  } catch (cause) {
    throw new Error(`${what} ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}
