/** @module-tag openssl */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "@mcp-hangar/testing";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SpanProtocol, TraceExporter } from "../src/index.ts";
import { makeCall, startExporter } from "./bench.ts";

const folder = mkdtempSync(join(tmpdir(), "hangar-otlp-tls-"));
const file = (name: string): string => join(folder, name);
const pem = (name: string): string => readFileSync(file(name), "utf8");

const VARIABLES = {
  OTEL_EXPORTER_OTLP_CERTIFICATE: file("ca.pem"),
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file("client.pem"),
  OTEL_EXPORTER_OTLP_CLIENT_KEY: file("client.key"),
  OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
  OTEL_EXPORTER_OTLP_HEADERS: "x-of-variable=v1",
};

let receiver: OtlpReceiver | undefined;
let exporter: TraceExporter | undefined;

beforeAll(() => {
  makeCertificate(folder, "ca", { extension: "keyUsage=keyCertSign" });
  makeCertificate(folder, "server", { extension: "subjectAltName=IP:127.0.0.1", authority: "ca" });
  makeCertificate(folder, "client", { extension: "extendedKeyUsage=clientAuth", authority: "ca" });
});

afterEach(async () => {
  await exporter?.close(0);
  await receiver?.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each<SpanProtocol>(["http/protobuf", "grpc"])("over %s", (protocol) => {
  async function start(variables: Readonly<Record<string, string>> = {}): Promise<OtlpReceiver> {
    receiver = await OtlpReceiver.start({
      tls: { key: pem("server.key"), cert: pem("server.pem"), ca: pem("ca.pem") },
    });
    const endpoint = protocol === "grpc" ? receiver.grpcUrl : receiver.httpUrl;
    const headers = { "X-Of-File": "v2" };
    const env = { OTEL_EXPORTER_OTLP_TIMEOUT: "2000", ...variables };
    ({ exporter } = await startExporter({ endpoint, protocol, headers, env }));
    makeCall(exporter);
    return receiver;
  }

  test("spans go to a collector with a private authority that asks for certificates, compressed, with headers", async () => {
    const { exports } = await start(VARIABLES);
    await expect.poll(() => exports.length).toBe(1);
    expect(exports[0]?.headers).toMatchObject({ "x-of-variable": "v1", "x-of-file": "v2" });
    if (protocol === "http/protobuf") expect(exports[0]?.headers).toMatchObject({ "content-encoding": "gzip" });
    await expect.poll(() => exporter?.snapshot().delivered).toBe(1);
  });

  test("nothing goes to a collector whose certificate nobody vouches for, and that is counted", async () => {
    const { exports } = await start();
    await expect.poll(() => Object.values(exporter?.snapshot().failures ?? {}).some((count) => count > 0)).toBe(true);
    expect(exports).toEqual([]);
    expect(exporter?.snapshot().delivered).toBe(0);
  });
});
