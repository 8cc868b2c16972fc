import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decryptedPayload, encryptedPayload } from "./encrypted-payload.ts";

const PAYLOAD = { arguments: { secret: "canary-7", list: [1, "\ud83e\udd9c"] }, result: null };

const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve });
const KEYS = [
  ["RSA", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
  ["P-256", () => ec("P-256")],
  ["X25519", () => generateKeyPairSync("x25519")],
] as const;

describe.each(KEYS)("a payload that is encrypted to a key of the type %s", (_name, generate) => {
  const { publicKey, privateKey } = generate();
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const privatePem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

  test("is read with the private key, as PEM and as JWK", async () => {
    for (const recipient of [publicPem, publicKey.export({ format: "jwk" })]) {
      const encrypt = await encryptedPayload(recipient, { keyId: "auditors-1" });
      const encrypted = await encrypt(PAYLOAD);
      expect(encrypted).toMatch(/^[\w-]+(\.[\w-]*){4}$/);
      expect(Buffer.from(encrypted.split(".")[0] ?? "", "base64url").toString()).toContain('"kid":"auditors-1"');
      for (const part of encrypted.split("."))
        expect(Buffer.from(part, "base64url").toString()).not.toContain("canary");
      expect(await decryptedPayload(encrypted, privatePem)).toEqual({ payload: PAYLOAD });
      expect(await decryptedPayload(encrypted, privateKey.export({ format: "jwk" }))).toEqual({ payload: PAYLOAD });
    }
  });

  test("is read with no other key, and not when a character is another", async () => {
    const encrypted = await (await encryptedPayload(publicPem))(PAYLOAD);
    const other = generate().privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await expect(decryptedPayload(encrypted, other)).rejects.toThrow();
    const parts = encrypted.split(".");
    const text = parts[3] ?? "";
    parts[3] = (text.startsWith("A") ? "B" : "A") + text.slice(1);
    await expect(decryptedPayload(parts.join("."), privatePem)).rejects.toThrow();
  });

  test("is not made with a private key, which has no business on the gateway", async () => {
    await expect(encryptedPayload(privatePem)).rejects.toThrow("BEGIN PUBLIC KEY");
    await expect(encryptedPayload(privateKey.export({ format: "jwk" }))).rejects.toThrow("public one");
  });

  test("has a limit, and says its size in place of itself", async () => {
    const encrypt = await encryptedPayload(publicPem, { bytesMax: 100 });
    const fits = "x".repeat(100 - '{"payload":""}'.length);
    expect(await decryptedPayload(await encrypt(fits), privatePem)).toEqual({ payload: fits });
    const encrypted = await encrypt("x".repeat(1_000_000));
    expect(encrypted.length).toBeLessThan(1_000);
    expect(await decryptedPayload(encrypted, privatePem)).toEqual({ omitted: "too_large", bytes: 1_000_014 });
  });
});

test("nothing at all is a payload, too", async () => {
  const { publicKey, privateKey } = ec("P-256");
  const encrypt = await encryptedPayload(publicKey.export({ format: "jwk" }));
  expect(await decryptedPayload(await encrypt(undefined), privateKey.export({ format: "jwk" }))).toEqual({
    payload: null,
  });
});
