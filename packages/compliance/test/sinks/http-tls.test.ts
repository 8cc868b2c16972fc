/** @module-tag openssl */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "@mcp-hangar/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TlsFiles, WebhookSink } from "../../src/index.ts";
import { idIn, idsOf, sinkEntriesOf, systemClock } from "./entries.ts";
import { HttpReceiver, linesOf } from "./http-receiver.ts";

const { signal } = new AbortController();
let folder: string;
let receiver: HttpReceiver;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hangar-http-tls-"));
  makeCertificate(folder, "ca", { extension: "keyUsage=keyCertSign" });
  makeCertificate(folder, "other-ca", { extension: "keyUsage=keyCertSign" });
  makeCertificate(folder, "server", { extension: "subjectAltName=IP:127.0.0.1", authority: "ca" });
  makeCertificate(folder, "client", { extension: "extendedKeyUsage=clientAuth", authority: "ca" });
  const text = (name: string): string => readFileSync(file(name), "utf8");
  const tls = {
    key: text("server.key"),
    cert: text("server.pem"),
    ca: text("ca.pem"),
    requestCert: true,
    rejectUnauthorized: true,
  };
  receiver = await HttpReceiver.start(() => ({ status: 204 }), { tls });
});
afterAll(async () => {
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

function sinkWith(tls: TlsFiles): WebhookSink {
  return new WebhookSink({
    name: "hook",
    url: receiver.url,
    mediaType: "application/x-ndjson",
    tls,
    clock: systemClock,
  });
}

const client = () => ({ certFile: file("client.pem"), keyFile: file("client.key") });

test("records arrive over HTTPS with a client certificate", async () => {
  const sink = sinkWith({ caFile: file("ca.pem"), ...client() });
  expect(await sink.send(sinkEntriesOf(3), signal)).toEqual({ kind: "delivered" });
  expect(receiver.requests.flatMap(({ text }) => linesOf(text)).map(idIn)).toEqual(idsOf(3));
  await sink.close();
});

test.each<readonly [name: string, tls: () => TlsFiles]>([
  ["no client certificate", () => ({ caFile: file("ca.pem") })],
  ["a receiver that nobody vouches for", () => client()],
  ["a receiver that somebody else vouches for", () => ({ caFile: file("other-ca.pem"), ...client() })],
])("with %s nothing arrives, and everything waits", async (_name, tls) => {
  receiver.requests.length = 0;
  const sink = sinkWith(tls());
  expect(await sink.send(sinkEntriesOf(3), signal)).toMatchObject({ kind: "retry", reason: "connection" });
  expect(receiver.requests).toEqual([]);
  await sink.close();
});

test("certificates that are put in the place of others are used without a restart", async () => {
  const caFile = file("current-ca.pem");
  copyFileSync(file("other-ca.pem"), caFile);
  const sink = sinkWith({ caFile, ...client() });
  expect(await sink.send(sinkEntriesOf(1), signal)).toMatchObject({ kind: "retry" });
  copyFileSync(file("ca.pem"), caFile);
  expect(await sink.send(sinkEntriesOf(1), signal)).toEqual({ kind: "delivered" });
  await sink.close();
});
