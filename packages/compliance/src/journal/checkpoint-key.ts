import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { join } from "node:path";
import { canonicalJson } from "@mcp-hangar/delivery";
import type { SpoolFiles } from "@mcp-hangar/delivery/spool";
import { type AuditRecord, checkpointRecordOf } from "@mcp-hangar/telemetry";

/** The private key in a journal's folder, mode 0600. */
const PRIVATE_KEY_FILE = "checkpoint.key.pem";
/** The public keys beside it, for those who verify. */
export const PUBLIC_KEY_FILE = "checkpoint.pub.pem";

/** Signs checkpoints of a journal. */
export interface CheckpointKey {
  /** First 16 hexadecimal digits of the SHA-256 of the public key (SubjectPublicKeyInfo, DER). */
  readonly id: string;
  /** SubjectPublicKeyInfo in PEM: what verifies the signatures. */
  readonly publicKeyPem: string;
  sign(bytes: Uint8Array): string;
}

/**
 * The key that is configured (Ed25519, PKCS #8 in PEM), or else that of the folder, which is made at the first use. The public key is
 * added beside it. Rejects with what is wrong and what to do.
 */
export async function openCheckpointKey(
  folder: string,
  files: SpoolFiles,
  configuredPem: string | undefined,
): Promise<CheckpointKey> {
  const path = join(folder, PRIVATE_KEY_FILE);
  let pem = configuredPem ?? (await files.readText(path));
  if (pem === undefined) {
    pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await files.replaceText(path, pem);
  }
  const key = signerOf(pem, configuredPem === undefined ? path : "the key that is configured");
  const publicPath = join(folder, PUBLIC_KEY_FILE);
  const known = (await files.readText(publicPath)) ?? "";
  // Those before it stay: what they have signed is verified with them. The latest comes first.
  if (!known.includes(key.publicKeyPem)) await files.replaceText(publicPath, `${key.publicKeyPem}${known}`);
  return key;
}

function signerOf(pem: string, name: string): CheckpointKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (cause) {
    // The message of OpenSSL holds nothing of the key.
    throw new Error(`${name} is no private key in PEM; make one with: openssl genpkey -algorithm ed25519`, { cause });
  }
  if (privateKey.asymmetricKeyType !== "ed25519") {
    throw new Error(
      `${name} is of the type ${privateKey.asymmetricKeyType}; make one with: openssl genpkey -algorithm ed25519`,
    );
  }
  const publicKey = createPublicKey(privateKey);
  return {
    id: keyIdOf(publicKey),
    publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    sign: (bytes) => sign(null, bytes, privateKey).toString("base64url"),
  };
}

/** The public keys in a text in PEM, to verify with. Throws with what is wrong, also when there are none. */
export function publicKeysOf(pem: string): readonly KeyObject[] {
  const found = pem.match(/-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g);
  if (found === null) throw new TypeError("a public key in PEM begins with -----BEGIN PUBLIC KEY-----");
  return found.map((each) => {
    const key = createPublicKey(each);
    if (key.asymmetricKeyType === "ed25519") return key;
    throw new TypeError(`a key of the type ${key.asymmetricKeyType} signs no checkpoints`);
  });
}

/** The identity of a public key, as checkpoints name it. */
export function keyIdOf(key: KeyObject): string {
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);
}

/** What a checkpoint says, before it is signed. */
export type CheckpointClaim = Omit<NonNullable<AuditRecord["checkpoint"]>, "key" | "signature">;

/** A signed record of a checkpoint. `id` is that of the record, `timeMs` since the epoch. */
export function signedCheckpoint(
  claim: CheckpointClaim,
  key: CheckpointKey,
  { id, instance, timeMs }: { readonly id: string; readonly instance: string; readonly timeMs: number },
): AuditRecord {
  const named = { ...claim, key: key.id };
  const stamp = { id, instance };
  const signature = key.sign(signedBytes(checkpointRecordOf(named, stamp, timeMs)));
  return checkpointRecordOf({ ...named, signature }, stamp, timeMs);
}

/** Whether the record of a checkpoint is signed by one of these keys. */
export function isSigned(record: AuditRecord, keys: readonly KeyObject[]): boolean {
  const { checkpoint } = record;
  if (checkpoint === undefined || typeof checkpoint.signature !== "string") return false;
  const bytes = signedBytes(record);
  const signature = Buffer.from(checkpoint.signature, "base64url");
  return keys.some((key) => verify(null, bytes, key, signature));
}

/** What is signed: the record without its place in the journal and without the signature, as canonical JSON. */
function signedBytes(record: AuditRecord): Buffer {
  return Buffer.from(canonicalJson({ ...record, checkpoint: { ...record.checkpoint, signature: undefined } }));
}
