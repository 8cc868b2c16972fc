import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContextOptions, type Server } from "node:tls";
import { type CancelTimer, type Clock, checkCertificateBundle } from "@mcp-hangar/core";
import type { ListenerTlsOptions } from "./security-options.ts";

/** How often the files are looked at, in ms: certificates are renewed every few weeks, and well before they end. */
const LOOK_MS = 10_000;

/**
 * Suites of TLS 1.2, all with forward secrecy: who records what is sent and steals the key later reads nothing of it. Those of
 * TLS 1.3 have it all.
 */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** What the listener serves TLS with. */
export interface TlsListenerOptions extends SecureContextOptions {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

/** The certificate of a listener: read at the start and again when its files change. */
export class TlsCertificate {
  readonly #options: ListenerTlsOptions;
  readonly #clock: Clock;
  readonly #onProblem: (problem: Error) => void;
  /** Changes with the files. */
  #seen: string;
  #cancelLook: CancelTimer | undefined;
  /** @throws Error that names the file and what is wrong with it. */
  readonly initial: TlsListenerOptions;

  /** `onProblem` hears of files that cannot be used any more; the certificate read before stays in use then. */
  constructor(options: ListenerTlsOptions, clock: Clock, onProblem: (problem: Error) => void) {
    this.#options = options;
    this.#clock = clock;
    this.#onProblem = onProblem;
    this.#seen = this.#look();
    this.initial = readTlsFiles(options);
  }

  /** Keeps the server's certificate up to date. Connections that are open keep the one they have. */
  follow(server: Pick<Server, "setSecureContext">): void {
    this.#cancelLook = this.#clock.schedule(LOOK_MS, () => {
      const seen = this.#look();
      if (seen !== this.#seen) {
        this.#seen = seen;
        try {
          server.setSecureContext(readTlsFiles(this.#options));
        } catch (error) {
          this.#onProblem(error as Error);
        }
      }
      this.follow(server);
    });
  }

  close(): void {
    this.#cancelLook?.();
  }

  #look(): string {
    const { cert_file: certFile, key_file: keyFile, client_ca_file: caFile } = this.#options;
    const stats = [certFile, keyFile, ...(caFile === undefined ? [] : [caFile])].map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? "" : `${stat.ino}:${stat.mtimeMs}:${stat.size}`;
    });
    return stats.join(" ");
  }
}

/**
 * Reads the files of a listener.
 * @throws Error that names the file and what is wrong with it.
 */
export function readTlsFiles(options: ListenerTlsOptions): TlsListenerOptions {
  const { cert_file: certFile, key_file: keyFile, client_ca_file: caFile, min_version: minVersion } = options;
  const context: SecureContextOptions = {
    cert: pem(certFile, "http.tls.cert_file"),
    key: pem(keyFile, "http.tls.key_file"),
    ...(caFile !== undefined && { ca: pem(caFile, "http.tls.client_ca_file") }),
    minVersion,
    ciphers: CIPHERS,
  };
  try {
    createSecureContext(context);
  } catch (cause) {
    const files = [certFile, keyFile, caFile].filter((file) => file !== undefined).join(", ");
    const message = `the TLS files do not work together (${(cause as Error).message}): ${files}; they must be PEM, the key that of the certificate`;
    throw new Error(message, { cause });
  }
  const wantsClients = caFile !== undefined;
  if (wantsClients) {
    try {
      checkCertificateBundle(String(context.ca));
    } catch (cause) {
      throw new Error(`http.tls.client_ca_file ${caFile}: ${(cause as Error).message}`, { cause });
    }
  }
  return { ...context, requestCert: wantsClients, rejectUnauthorized: wantsClients };
}

function pem(file: string, key: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`cannot read ${key} ${file}: ${(cause as Error).message}`, { cause });
  }
  if (!text.includes("-----BEGIN ")) throw new Error(`${key} ${file} is no PEM file: it has no -----BEGIN line`);
  return text;
}
