import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import type { PayloadCapture } from "@mcp-hangar/compliance";
import { RoleRules } from "../access/role-rules.ts";
import type { CompliancePackage } from "./create-compliance.ts";
import { given } from "./create-format.ts";
import type { CaptureSection } from "./options.ts";

/** What captures payloads, and a promise that it can. */
export interface Capture {
  readonly capture: PayloadCapture;
  /** Rejects when the key is of no use. */
  readonly ready: Promise<void>;
}

/** Bytes that an encrypted payload has around the payload as JSON. */
const FRAME_BYTES = 64;

/**
 * Captures what the configuration says. What encrypts is loaded meanwhile.
 * @throws Error that says why nothing can be encrypted to the key in the file.
 */
export function createCapture(section: CaptureSection, compliance: CompliancePackage): Capture {
  const { public_key_file: file, key_id: keyId, max_bytes: bytesMax, tools } = section;
  const loading = compliance.encryptedPayload(capturePublicKey(file), {
    bytesMax: bytesMax + FRAME_BYTES,
    ...given({ keyId }),
  });
  const rules = new RoleRules({ allow: tools });
  const capture = new compliance.PayloadCapture({
    encrypt: async (payload) => (await loading)(payload),
    arguments: section.arguments,
    results: section.results,
    bytesMax,
    redact: section.redact,
    wants: (server, tool) => rules.admits(server, tool),
  });
  const ready = loading.then(() => {});
  // Whoever opens the journal hears of it; nobody does when the start has failed before.
  ready.catch(() => {});
  return { capture, ready };
}

const REMEDY =
  "make one with: openssl genpkey -algorithm X25519 -out capture.key.pem && openssl pkey -in capture.key.pem -pubout -out capture.pub.pem";

/**
 * The public key in a file that payloads can be encrypted to, as SubjectPublicKeyInfo in PEM.
 * @throws Error that says what is wrong with it.
 */
export function capturePublicKey(file: string): string {
  const pem = readFileSync(file, "utf8");
  if (!pem.includes("PUBLIC KEY")) {
    const isPrivate = pem.includes("PRIVATE KEY");
    throw new Error(
      isPrivate
        ? `${file} is a private key, which has no business on the gateway: name the public one`
        : `${file} is no public key in PEM; ${REMEDY}`,
    );
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    // The message of OpenSSL helps nobody.
    throw new Error(`${file} is no public key in PEM; ${REMEDY}`);
  }
  const unusable = unusableType(key);
  if (unusable !== undefined) throw new Error(`${file} is of the type ${unusable}; ${REMEDY}`);
  return key.export({ type: "spki", format: "pem" }).toString();
}

/** The type of a key with which nothing is captured, and those to use instead; `undefined` for one that will do. */
export function unusableType(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type = "unknown", asymmetricKeyDetails: { modulusLength = 0, namedCurve = "" } = {} } =
    key;
  if (type === "x25519" || (type === "rsa" && modulusLength >= 2_048)) return undefined;
  if (type === "ec" && ["prime256v1", "secp384r1", "secp521r1"].includes(namedCurve)) return undefined;
  const what = [type, modulusLength || namedCurve].filter(Boolean).join(" ");
  return `${what}: use X25519, P-256, P-384, P-521, or RSA from 2048 bits on`;
}
