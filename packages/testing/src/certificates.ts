import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** What a certificate is for, and who vouches for it. */
export interface CertificateOptions {
  /** Such as `subjectAltName=IP:127.0.0.1`. */
  readonly extension: string;
  /** Name of the certificate that signs it; itself when absent. */
  readonly authority?: string;
}

/** Makes `<name>.pem` and `<name>.key` in a folder, valid for two days. Needs openssl: the test carries its name as a tag. */
export function makeCertificate(folder: string, name: string, { extension, authority }: CertificateOptions): void {
  const file = (suffix: string): string => join(folder, suffix);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file(`${name}.key`)];
  const signer = authority === undefined ? [] : ["-CA", file(`${authority}.pem`), "-CAkey", file(`${authority}.key`)];
  const shape = ["-days", "2", ...key, "-out", file(`${name}.pem`), "-subj", `/CN=${name}`, "-addext", extension];
  execFileSync("openssl", ["req", "-x509", ...shape, ...signer], { stdio: "pipe" });
}
