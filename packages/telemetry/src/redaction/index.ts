export { type KnownSecrets, knownSecrets } from "./known-secrets.ts";
export { payloadText } from "./payload-text.ts";
export { redactCredential } from "./redact-credential.ts";
export { redactText, shortText } from "./redact-text.ts";
export { secretArguments } from "./secret-arguments.ts";
export { isSecretKey } from "./secret-names.ts";
export { looksPublic, secretsIn } from "./secrets-in.ts";
