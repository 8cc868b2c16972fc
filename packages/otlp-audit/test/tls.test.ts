/** @module-tag openssl */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HangarEvent } from "@mcp-hangar/telemetry";
import { poll } from "@mcp-hangar/testing";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditExporter } from "./exporter-under-test.ts";

const EVENT: HangarEvent = { type: "gateway.started", timeMs: 1_769_846_400_000, version: "1.2.3" };

let folder: string;
let receiver: OtlpReceiver;
const file = (name: string): string => join(folder, name);

function certificate(name: string, extension: string, authority?: string): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", file(`${name}.key`)];
  const signer = authority === undefined ? [] : ["-CA", file(`${authority}.pem`), "-CAkey", file(`${authority}.key`)];
  const shape = ["-days", "2", ...key, "-out", file(`${name}.pem`), "-subj", `/CN=${name}`, "-addext", extension];
  execFileSync("openssl", ["req", "-x509", ...shape, ...signer], { stdio: "pipe" });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hangar-otlp-tls-"));
  certificate("ca", "keyUsage=keyCertSign");
  certificate("server", "subjectAltName=IP:127.0.0.1", "ca");
  certificate("client", "extendedKeyUsage=clientAuth", "ca");
  certificate("stranger", "extendedKeyUsage=clientAuth");
  const [key, cert, ca] = ["server.key", "server.pem", "ca.pem"].map((name) => readFileSync(file(name), "utf8"));
  if (key === undefined || cert === undefined || ca === undefined) throw new Error("openssl has written no files");
  receiver = await OtlpReceiver.start({ tls: { key, cert, ca } });
});
afterAll(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(["http/protobuf", "grpc"])("over %s with TLS", (protocol) => {
  const env = (): Readonly<Record<string, string>> => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "grpc" ? receiver.grpcUrl : receiver.httpUrl,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_CERTIFICATE: file("ca.pem"),
  });
  const withClient = () => ({
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file("client.pem"),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file("client.key"),
  });

  it("records arrive with the certificates of the environment", async () => {
    receiver.exports.length = 0;
    const exporter = auditExporter({ ...env(), ...withClient() });
    await exporter.open();
    exporter.listener(EVENT);
    await exporter.close(60_000);
    expect(receiver.logRecords).toMatchObject([{ eventName: "mcp_hangar.gateway.started" }]);
  });

  it("certificates that stand in the files later are used then", async () => {
    receiver.exports.length = 0;
    const rotated = { pem: file(`rotated-${protocol.length}.pem`), key: file(`rotated-${protocol.length}.key`) };
    copyFileSync(file("stranger.pem"), rotated.pem);
    copyFileSync(file("stranger.key"), rotated.key);
    const exporter = auditExporter({
      ...env(),
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: rotated.pem,
      OTEL_EXPORTER_OTLP_CLIENT_KEY: rotated.key,
    });
    await exporter.open();
    exporter.listener(EVENT);
    await poll("a failure", () => (exporter.snapshot().failures.connection ?? 0) > 0);
    // Half of the change: the certificate does not match its key.
    copyFileSync(file("client.pem"), rotated.pem);
    await poll("another failure", () => (exporter.snapshot().failures.connection ?? 0) > 1);
    copyFileSync(file("client.key"), rotated.key);
    await poll("the record", () => exporter.snapshot().delivered === 1);
    await exporter.close(60_000);
    expect(receiver.logRecords).toHaveLength(1);
  });

  it.each([
    ["without the client's certificate", () => env()],
    ["without that of the authority", () => ({ ...env(), ...withClient(), OTEL_EXPORTER_OTLP_CERTIFICATE: "" })],
  ])("nothing is sent %s, and nothing is lost", async (_name, envOf) => {
    receiver.exports.length = 0;
    const exporter = auditExporter(envOf());
    await exporter.open();
    exporter.listener(EVENT);
    await poll("a failure", () => (exporter.snapshot().failures.connection ?? 0) > 0);
    expect(exporter.snapshot()).toMatchObject({ delivered: 0, queueSize: 1 });
    expect(receiver.exports).toEqual([]);
    await exporter.close(0);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_CERTIFICATE: "/nowhere.pem" }, /the certificate \/nowhere.pem cannot be read: ENOENT/],
    [
      { OTEL_EXPORTER_OTLP_CERTIFICATE: "/dev/zero" },
      /the certificate \/dev\/zero cannot be read: it is no regular file/,
    ],
    [{ OTEL_EXPORTER_OTLP_CLIENT_KEY: "/key.pem" }, /a client certificate and its key belong together/],
  ])("certificates that cannot be had keep it from opening: %o", async (wrong, message) => {
    await expect(auditExporter({ ...env(), ...wrong }).open()).rejects.toThrow(message);
  });
});
