import dns from "node:dns";
import { poll } from "@mcp-hangar/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { S3Sink, type S3SinkOptions } from "../../src/index.ts";
import { idIn, idsOf, sinkEntriesOf, systemClock } from "./entries.ts";
import { emit, eventIds, expectExact, exporterOver, failuresOf } from "./exporter-under-test.ts";
import { REGION, S3_ACCESS, S3Receiver } from "./s3-receiver.ts";

const { signal } = new AbortController();
let s3: S3Receiver;
beforeEach(async () => {
  s3 = await S3Receiver.start("records");
});
afterEach(() => s3.http.close());

function sinkOf(changes: Partial<S3SinkOptions> = {}): S3Sink {
  return new S3Sink({
    name: "s3",
    endpoint: s3.http.url,
    region: REGION,
    bucket: "records",
    pathStyle: true,
    credentials: () => Promise.resolve(S3_ACCESS),
    clock: systemClock,
    ...changes,
  });
}

test("a batch is an object, compressed, with checksum and signature", async () => {
  const sink = sinkOf({ prefix: "audit/env=test/" });
  expect(await sink.send(sinkEntriesOf(5), signal)).toEqual({ kind: "delivered" });
  const [[key, object] = []] = [...s3.objects];
  expect(key).toMatch(/^audit\/env=test\/gateway-1\/2026\/01\/31\/20260131T080000123Z-[0-9a-f]{16}\.ndjson\.gz$/);
  expect(object?.headers).toMatchObject({
    "content-type": "application/x-ndjson",
    "content-encoding": "gzip",
    "if-none-match": "*",
  });
  expect(s3.lines.map(idIn)).toEqual(idsOf(5));
  await sink.close();
});

test("the bucket may be the first part of the host, which is signed", async () => {
  const endpoint = new URL(s3.http.url);
  endpoint.hostname = "storage.example";
  // No name server knows it: this one name leads to the receiver, and everything behind the lookup is as ever.
  const { lookup } = dns;
  const known = (host: string): string => (host === "records.storage.example" ? "127.0.0.1" : host);
  const replacing = vi.spyOn(dns, "lookup").mockImplementation((host, ...rest) => lookup(known(host), ...rest));
  try {
    const sink = sinkOf({ endpoint, pathStyle: false, prefix: "audit/" });
    expect(await sink.send(sinkEntriesOf(5), signal)).toEqual({ kind: "delivered" });
    await sink.close();
  } finally {
    replacing.mockRestore();
  }
  const [request] = s3.http.requests;
  expect(request?.headers.host).toBe(`records.storage.example:${s3.http.url.port}`);
  expect(request?.path).toMatch(/^\/audit\/gateway-1\/2026\//);
  expect([...s3.objects.keys()]).toEqual([expect.stringMatching(/^audit\/gateway-1\/2026\//)]);
  expect(s3.lines.map(idIn)).toEqual(idsOf(5));
});

test("a batch whose answer was lost is there once", async () => {
  s3.http.fail({ kind: "reset_after" }, 2);
  const exporter = exporterOver(sinkOf());
  emit(exporter, 30);
  await poll("the records", () => exporter.snapshot().queueSize === 0);
  expect(s3.lines.map(idIn)).toEqual(eventIds(30));
  expect([s3.objects.size, s3.http.requests.length]).toEqual([1, 3]);
  await exporter.close(5_000);
  expectExact(exporter);
});

test("objects are locked, and encrypted, when that is wanted", async () => {
  const lock = { mode: "COMPLIANCE", retainMs: 86_400_000 } as const;
  const sink = sinkOf({ lock, encryption: { algorithm: "aws:kms", keyId: "key-1" } });
  expect(await sink.send(sinkEntriesOf(1), signal)).toEqual({ kind: "delivered" });
  const [object] = s3.objects.values();
  expect(object?.headers).toMatchObject({
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
  });
  const until = Date.parse(String(object?.headers["x-amz-object-lock-retain-until-date"]));
  expect(Math.abs(until - Date.now() - lock.retainMs)).toBeLessThan(600_000);
  await sink.close();
});

test.each<readonly [name: string, changes: Partial<S3SinkOptions>, code: RegExp]>([
  [
    "a wrong key",
    { credentials: () => Promise.resolve({ ...S3_ACCESS, secretAccessKey: "wrong" }) },
    /403.*SignatureDoesNotMatch/,
  ],
  ["a wrong region", { region: "us-test-9" }, /403.*AuthorizationHeaderMalformed/],
  ["a bucket that is not there", { bucket: "other" }, /404.*NoSuchBucket/],
  [
    "a clock that is wrong",
    { clock: { ...systemClock, wallMs: () => Date.UTC(2020, 0, 1) } },
    /403.*RequestTimeTooSkewed/,
  ],
  ["credentials that cannot be had", { credentials: () => Promise.reject(new Error("no role")) }, /no role/],
])("with %s everything waits", async (_name, changes, code) => {
  const sink = sinkOf(changes);
  expect(await sink.send(sinkEntriesOf(2), signal)).toMatchObject({
    kind: "retry",
    message: expect.stringMatching(code),
  });
  expect(s3.objects.size).toBe(0);
  await sink.close();
});

test("a storage without conditions gets none", async () => {
  const sink = sinkOf({ conditional: false });
  await sink.send(sinkEntriesOf(1), signal);
  const [object] = s3.objects.values();
  expect(object?.headers["if-none-match"]).toBeUndefined();
  await sink.close();
});

test("credentials that change are used for the next object", async () => {
  let credentials = { ...S3_ACCESS, secretAccessKey: "expired" };
  const exporter = exporterOver(sinkOf({ credentials: () => Promise.resolve(credentials) }));
  emit(exporter, 10);
  await poll("a failure", () => failuresOf(exporter.snapshot()) > 0);
  credentials = S3_ACCESS;
  await poll("the records", () => exporter.snapshot().queueSize === 0);
  expect(s3.lines.map(idIn)).toEqual(eventIds(10));
  await exporter.close(5_000);
});

test("a token of a session is signed as well", async () => {
  const sink = sinkOf({ credentials: () => Promise.resolve({ ...S3_ACCESS, sessionToken: "session" }) });
  expect(await sink.send(sinkEntriesOf(1), signal)).toEqual({ kind: "delivered" });
  expect(s3.http.requests[0]?.headers["x-amz-security-token"]).toBe("session");
  await sink.close();
});

test.each(["it's/", "a b/", "é/", "a?b/", "#/", "a%2e/"])(
  "the prefix %j is refused when it is configured",
  (prefix) => {
    expect(() => sinkOf({ prefix })).toThrow(/letters, digits/);
  },
);

test.each([400, 413, 422, 500])("no status refuses records for good: %d", async (status) => {
  s3.http.fail({ kind: "answer", answer: { status, body: "<Error><Code>Odd</Code></Error>" } });
  expect(await sinkOf().send(sinkEntriesOf(1), signal)).toMatchObject({
    kind: "retry",
    message: expect.stringMatching(new RegExp(`${status}.*\\(Odd\\)`)),
  });
});
