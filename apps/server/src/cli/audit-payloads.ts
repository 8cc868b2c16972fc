import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { unusableType } from "../compliance/create-capture.ts";
import type { CompliancePackage } from "../compliance/create-compliance.ts";

/** Reads what records have captured, with the private keys of those who may. */
export class CapturedPayloads {
  /** PKCS #8 in PEM. */
  readonly #keys: readonly string[];
  readonly #files: string;
  readonly #compliance: CompliancePackage;
  #unread = 0;

  /** @throws Error when a file cannot be read, or holds no private key with which anything could have been captured. */
  constructor(files: readonly string[], compliance: CompliancePackage) {
    this.#files = files.join(", ");
    this.#keys = files.map(keyIn);
    this.#compliance = compliance;
  }

  /** A record as JSON with its arguments and results in clear text; what no key opens stays as it is. */
  async decrypted(json: string): Promise<string> {
    // The caller has written it: a record that has captured something.
    const record = JSON.parse(json) as { readonly captured: Readonly<Record<string, unknown>> };
    const captured: Record<string, unknown> = { ...record.captured };
    let isUnread = false;
    for (const name of ["arguments", "result"]) {
      const text = captured[name];
      if (typeof text !== "string") continue;
      const found = await this.#open(text);
      if (found === undefined) isUnread = true;
      else captured[name] = "payload" in found ? found.payload : found;
    }
    if (isUnread) this.#unread += 1;
    return JSON.stringify({ ...record, captured });
  }

  /** Says on stderr that there was something which no key opens; whether there was. */
  reportUnread(): boolean {
    if (this.#unread === 0) return false;
    process.stderr.write(
      `records whose payloads no key of ${this.#files} opens: ${this.#unread}; they were encrypted to another key, or altered, and are written as they are; add the other key to --decrypt\n`,
    );
    return true;
  }

  async #open(text: string) {
    for (const key of this.#keys) {
      try {
        return await this.#compliance.decryptedPayload(text, key);
      } catch {
        // The next key may be the one.
      }
    }
    return undefined;
  }
}

/** What the file cannot be must be told apart from a key that opens nothing: who has the right one would look for another. */
function keyIn(file: string): string {
  const text = readFileSync(file, "utf8");
  const key = privateKeyIn(text);
  if (key === undefined) {
    throw new Error(
      /ENCRYPTED/.test(text)
        ? `${file} is protected by a passphrase: write it without one where only you can read it, with: openssl pkey -in ${file} -out plain.key.pem`
        : `${file} is no private key: PKCS #8 in PEM (-----BEGIN PRIVATE KEY-----), or a JWK`,
    );
  }
  const unusable = unusableType(key);
  if (unusable !== undefined) throw new Error(`${file} opens nothing that was captured: it is of the type ${unusable}`);
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function privateKeyIn(text: string): KeyObject | undefined {
  try {
    return text.trimStart().startsWith("{")
      ? createPrivateKey({ key: JSON.parse(text), format: "jwk" })
      : createPrivateKey(text);
  } catch {
    return undefined;
  }
}
