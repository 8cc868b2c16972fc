/** @module-tag openssl */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TlsOptions } from "node:tls";
import { makeCertificate, poll } from "@mcp-hangar/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { StreamSyslogSink, type TlsFiles } from "../../src/index.ts";
import { idIn, systemClock } from "./entries.ts";
import { emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import { OctetReceiver } from "./octet-receiver.ts";

let folder: string;
let receiver: OctetReceiver;
const file = (name: string): string => join(folder, name);
const text = (name: string): string => readFileSync(file(name), "utf8");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-sinks-tls-"));
  makeCertificate(folder, "ca", { extension: "keyUsage=keyCertSign" });
  makeCertificate(folder, "other-ca", { extension: "keyUsage=keyCertSign" });
  makeCertificate(folder, "server", { extension: "subjectAltName=DNS:siem.example,IP:127.0.0.1", authority: "ca" });
  makeCertificate(folder, "client", { extension: "extendedKeyUsage=clientAuth", authority: "ca" });
  makeCertificate(folder, "stranger", { extension: "extendedKeyUsage=clientAuth", authority: "other-ca" });
});
afterEach(() => receiver.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function serverTls(changes: TlsOptions = {}): TlsOptions {
  return { key: text("server.key"), cert: text("server.pem"), ca: text("ca.pem"), ...changes };
}

function exporterWith(tls: TlsFiles, onProblem: (problem: string | undefined) => void = () => undefined) {
  const { port } = receiver;
  const sink = new StreamSyslogSink({
    name: "siem",
    host: "127.0.0.1",
    port,
    tls,
    settleMs: 300,
    clock: systemClock,
    random: Math.random,
  });
  return exporterOver(sink, { attemptTimeoutMs: 20_000, onProblem });
}

const CLIENT = { certFile: "client.pem", keyFile: "client.key" };
const MUTUAL: TlsOptions = { requestCert: true, rejectUnauthorized: true };

/** Paths of files in the folder, which is made only later. */
function files(names: TlsFiles): TlsFiles {
  const { serverName, ...paths } = names;
  const full = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, file(path)]));
  return { ...full, ...(serverName !== undefined && { serverName }) };
}

test.each<readonly [name: string, server: TlsOptions, client: TlsFiles]>([
  ["with TLS", {}, { caFile: "ca.pem" }],
  ["by another name of the receiver", {}, { caFile: "ca.pem", serverName: "siem.example" }],
  ["with a client certificate", MUTUAL, { caFile: "ca.pem", ...CLIENT }],
  ["with a client certificate over TLS 1.2", { ...MUTUAL, maxVersion: "TLSv1.2" }, { caFile: "ca.pem", ...CLIENT }],
])("messages arrive %s", async (_name, server, client) => {
  receiver = await OctetReceiver.start({ tls: serverTls(server) });
  const exporter = exporterWith(files(client));
  emit(exporter, 120);
  await poll("the messages", () => receiver.messages.length === 120);
  expect(receiver.messages.map(idIn)).toEqual(eventIds(120));
  expect(receiver.violations).toEqual([]);
  await exporter.close(20_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: 120, queueSize: 0, failures: { connection: 0 } });
});

test.each<readonly [name: string, server: TlsOptions, client: TlsFiles, problem: RegExp]>([
  [
    "no client certificate",
    MUTUAL,
    { caFile: "ca.pem" },
    /certificate required|ECONNRESET|closed the connection|gone/i,
  ],
  [
    "a client certificate of a stranger",
    MUTUAL,
    { caFile: "ca.pem", certFile: "stranger.pem", keyFile: "stranger.key" },
    /unknown ca|ECONNRESET|closed the connection|gone/i,
  ],
  [
    "a receiver that somebody else vouches for",
    {},
    { caFile: "other-ca.pem" },
    /unable to verify|self.signed|signature/i,
  ],
  ["a receiver of another name", {}, { caFile: "ca.pem", serverName: "other.example" }, /altnames|other\.example/],
  [
    "a certificate that is not there",
    {},
    { caFile: "missing.pem" },
    /the certificate of the authority \S*missing.pem cannot be read: ENOENT/,
  ],
  ["a certificate without its key", {}, { caFile: "ca.pem", certFile: "client.pem" }, /belong together/],
])("with %s nothing counts as delivered, and everything waits", async (_name, server, client, problem) => {
  receiver = await OctetReceiver.start({ tls: serverTls(server) });
  const problems: (string | undefined)[] = [];
  const exporter = exporterWith(files(client), (said) => problems.push(said));
  emit(exporter, 30);
  await poll("three failures", () => {
    expectExact(exporter);
    return failuresOf(exporter.snapshot()) >= 3;
  });
  expect(exporter.snapshot()).toMatchObject({ delivered: 0, queueSize: 30 });
  expect(exporter.health().status).toBe("degraded");
  await exporter.close(50);
  expect(exporter.snapshot()).toMatchObject({ delivered: 0, dropped: { shutdown: 30 } });
  expect(receiver.messages).toEqual([]);
  expect(problems).toEqual([expect.stringMatching(/^syslog at 127\.0\.0\.1:\d+ over TLS: /)]);
  expect(problems[0]).toMatch(problem);
});
