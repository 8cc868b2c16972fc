import type { CompactEncrypt, CompactJWEHeaderParameters, CryptoKey, JWK, KeyObject } from "jose";

/** A public or private key: a JWK, or PEM (SubjectPublicKeyInfo or PKCS #8). */
export type PayloadKey = JWK | string;

/** What was encrypted: arguments or a result, or why they are not there. */
export type CapturedPayload =
  | { readonly payload: unknown }
  /** It was larger than the limit; `bytes` is how large it was as JSON. */
  | { readonly omitted: "too_large"; readonly bytes: number };

/** Encrypts payloads to a public key, so that only who has the private one can read them. */
export type EncryptPayload = (payload: unknown) => Promise<string>;

export interface EncryptedPayloadOptions {
  /** Bytes of a payload as JSON; one that is larger is left out, and its size is said in its place. Without it 64 KiB. */
  readonly bytesMax?: number | undefined;
  /** Names the key in the header of what is encrypted; without it the `kid` of the JWK. */
  readonly keyId?: string | undefined;
}

const BYTES_MAX = 65_536;
/** Key management by the type of the key: RSA, or Diffie-Hellman over P-256, P-384, P-521 or X25519. */
const RSA = "RSA-OAEP-256";
const ECDH = "ECDH-ES+A256KW";
const CONTENT = "A256GCM";

/**
 * Encrypts what tools are given and give back as compact JWE (RFC 7516), with AES-256 in GCM. The recipient's key is RSA from 2048 bits on,
 * or on a curve. Rejects for a key that is none, and for a private one: it has no business on the gateway.
 */
export async function encryptedPayload(
  recipient: PayloadKey,
  { bytesMax = BYTES_MAX, keyId }: EncryptedPayloadOptions = {},
): Promise<EncryptPayload> {
  // Wanted by few, and long to load.
  const jose = await import("jose");
  const { key, algorithm } = await publicKeyOf(recipient, jose);
  const kid = keyId ?? (typeof recipient === "string" ? undefined : recipient.kid);
  const header: CompactJWEHeaderParameters = { alg: algorithm, enc: CONTENT, ...(kid !== undefined && { kid }) };
  return async (payload) => {
    const bytes = bytesOf(payload, bytesMax);
    const encrypting: CompactEncrypt = new jose.CompactEncrypt(bytes).setProtectedHeader(header);
    return encrypting.encrypt(key);
  };
}

/** What was encrypted. Rejects when the key is another one, or the text was altered. */
export async function decryptedPayload(encrypted: string, recipient: PayloadKey): Promise<CapturedPayload> {
  const jose = await import("jose");
  const { alg } = jose.decodeProtectedHeader(encrypted);
  const algorithm = alg === RSA ? RSA : ECDH;
  const key =
    typeof recipient === "string"
      ? await jose.importPKCS8(recipient, algorithm)
      : await jose.importJWK(recipient, algorithm);
  const { plaintext } = await jose.compactDecrypt(encrypted, key, {
    keyManagementAlgorithms: [RSA, ECDH],
    contentEncryptionAlgorithms: [CONTENT],
  });
  const value: unknown = JSON.parse(Buffer.from(plaintext).toString());
  if (typeof value !== "object" || value === null || !("payload" in value || "omitted" in value)) {
    throw new TypeError("this is no captured payload");
  }
  // What was authenticated is what was encrypted here.
  return value as CapturedPayload;
}

interface Recipient {
  readonly key: CryptoKey | KeyObject | JWK | Uint8Array;
  readonly algorithm: typeof RSA | typeof ECDH;
}

async function publicKeyOf(recipient: PayloadKey, jose: typeof import("jose")): Promise<Recipient> {
  if (typeof recipient !== "string") {
    if (recipient.d !== undefined || recipient.kty === "oct") {
      throw new TypeError("a private key must stay where payloads are read; give the gateway the public one");
    }
    const algorithm = recipient.kty === "RSA" ? RSA : ECDH;
    return { key: await jose.importJWK(recipient, algorithm), algorithm };
  }
  if (!recipient.includes("PUBLIC KEY")) {
    throw new TypeError("a public key in PEM begins with -----BEGIN PUBLIC KEY-----");
  }
  try {
    return { key: await jose.importSPKI(recipient, RSA), algorithm: RSA };
  } catch {
    return { key: await jose.importSPKI(recipient, ECDH), algorithm: ECDH };
  }
}

function bytesOf(payload: unknown, bytesMax: number): Buffer {
  const bytes = Buffer.from(JSON.stringify({ payload: payload ?? null }));
  if (bytes.length <= bytesMax) return bytes;
  const omitted: CapturedPayload = { omitted: "too_large", bytes: bytes.length };
  return Buffer.from(JSON.stringify(omitted));
}
