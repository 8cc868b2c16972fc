import { readFileSync } from "node:fs";
import type { PayloadKey } from "@mcp-hangar/compliance";
import type { CompliancePackage } from "../compliance/create-compliance.ts";

/** Reads what records have captured, with the private keys of those who may. */
export class CapturedPayloads {
  readonly #keys: readonly PayloadKey[];
  readonly #files: string;
  readonly #compliance: CompliancePackage;
  #unread = 0;

  /** @throws Error when a file cannot be read, or is no JSON although it looks like a JWK. */
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

function keyIn(file: string): PayloadKey {
  const text = readFileSync(file, "utf8");
  if (text.trimStart().startsWith("{")) return JSON.parse(text) as Exclude<PayloadKey, string>;
  if (!text.includes("PRIVATE KEY")) {
    throw new Error(`${file} is no private key: PKCS #8 in PEM (-----BEGIN PRIVATE KEY-----), or a JWK`);
  }
  return text;
}
