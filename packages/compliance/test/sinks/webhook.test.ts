import { createHmac } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { WebhookSink, type WebhookSinkOptions } from "../../src/index.ts";
import { idIn, idsOf, sinkEntriesOf, systemClock } from "./entries.ts";
import { type Answer, HttpReceiver, linesOf, type Received } from "./http-receiver.ts";

const SECRETS = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] as const;
const { signal } = new AbortController();

let receiver: HttpReceiver;
afterEach(() => receiver.close());

async function sinkTo(
  changes: Partial<WebhookSinkOptions> = {},
  answer: Answer = { status: 204 },
): Promise<WebhookSink> {
  receiver = await HttpReceiver.start(() => answer);
  return new WebhookSink({
    name: "hook",
    url: new URL("/audit?x=1", receiver.url),
    mediaType: "application/x-ndjson",
    clock: systemClock,
    ...changes,
  });
}

/** By the specification of Standard Webhooks. */
function isSigned({ headers, text }: Received, secret: string): boolean {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const content = `${String(headers["webhook-id"])}.${String(headers["webhook-timestamp"])}.${text}`;
  const right = `v1,${createHmac("sha256", key).update(content).digest("base64")}`;
  return String(headers["webhook-signature"]).split(" ").includes(right);
}

test.each([false, true])(
  "a batch is one request, signed with each secret over the text (gzip: %s)",
  async (compress) => {
    const sink = await sinkTo({ secrets: SECRETS, compress, headers: { authorization: "Bearer t" } });
    expect(await sink.send(sinkEntriesOf(3), signal)).toEqual({ kind: "delivered" });
    const [request] = receiver.requests;
    if (request === undefined) throw new Error("it has arrived");
    expect(request).toMatchObject({ method: "POST", path: "/audit?x=1" });
    expect(request.headers).toMatchObject({ "content-type": "application/x-ndjson", authorization: "Bearer t" });
    expect(request.headers["content-encoding"]).toBe(compress ? "gzip" : undefined);
    expect(linesOf(request.text).map(idIn)).toEqual(idsOf(3));
    expect(SECRETS.map((secret) => isSigned(request, secret))).toEqual([true, true]);
    expect(isSigned({ ...request, text: `${request.text} ` }, SECRETS[0])).toBe(false);
    expect(Math.abs(Number(request.headers["webhook-timestamp"]) * 1_000 - Date.now())).toBeLessThan(60_000);
    await sink.close();
  },
);

test("a batch that is sent again has the same id, and another one another", async () => {
  const sink = await sinkTo();
  await sink.send(sinkEntriesOf(3), signal);
  await sink.send(sinkEntriesOf(3), signal);
  await sink.send(sinkEntriesOf(4), signal);
  const [first, again, other] = receiver.requests.map(({ headers }) => headers["webhook-id"]);
  expect(first).toMatch(/^msg_[A-Za-z0-9_-]{43}$/);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
  expect(receiver.requests[0]?.headers["webhook-signature"]).toBeUndefined();
  await sink.close();
});

test.each<readonly [answer: Answer, outcome: unknown]>([
  [{ status: 200 }, { kind: "delivered" }],
  [{ status: 202 }, { kind: "delivered" }],
  [{ status: 400 }, { kind: "rejected" }],
  [{ status: 413 }, { kind: "rejected" }],
  [{ status: 422 }, { kind: "rejected" }],
  [{ status: 401 }, { kind: "retry", reason: "rejected" }],
  [{ status: 404 }, { kind: "retry", reason: "rejected" }],
  [{ status: 410 }, { kind: "retry", reason: "rejected" }],
  [{ status: 500 }, { kind: "retry", reason: "rejected" }],
  [
    { status: 503, headers: { "retry-after": "7" } },
    { kind: "retry", retryAfterMs: 7_000 },
  ],
  [
    { status: 429, headers: { "retry-after": "nonsense" } },
    { kind: "retry", message: expect.stringContaining("429") },
  ],
  [{ status: 200, body: "x".repeat(200_000) }, { kind: "delivered" }],
])("the answer %j means %j", async (answer, outcome) => {
  const sink = await sinkTo({}, answer);
  expect(await sink.send(sinkEntriesOf(2), signal)).toMatchObject(outcome as object);
  await sink.close();
});

test("redirects are not followed, and one is told what to do", async () => {
  const sink = await sinkTo({}, { status: 307, headers: { location: "/elsewhere" } });
  expect(await sink.send(sinkEntriesOf(1), signal)).toMatchObject({
    kind: "retry",
    message: expect.stringContaining("name the address that it leads to"),
  });
  expect(receiver.requests.length).toBe(1);
  await sink.close();
});

test("a time in the future is waited for", async () => {
  const sink = await sinkTo(
    {},
    { status: 503, headers: { "retry-after": new Date(Date.now() + 60_000).toUTCString() } },
  );
  const outcome = await sink.send(sinkEntriesOf(1), signal);
  expect(
    outcome.kind === "retry" && Number(outcome.retryAfterMs) > 1_000 && Number(outcome.retryAfterMs) <= 60_000,
  ).toBe(true);
  await sink.close();
});

test.each(["", "hunter2", "whsec_", "whsec_c2hvcnQ="])(
  "the secret %j is refused when it is configured",
  async (secret) => {
    await sinkTo();
    expect(
      () =>
        new WebhookSink({ name: "hook", url: receiver.url, mediaType: "a/b", secrets: [secret], clock: systemClock }),
    ).toThrow(/whsec_/);
  },
);

test("nothing that is said holds the secrets or headers", async () => {
  const sink = await sinkTo({ secrets: SECRETS, headers: { authorization: "Bearer hunter2" } }, { status: 500 });
  const said = JSON.stringify(await sink.send(sinkEntriesOf(1), signal));
  expect(said).not.toMatch(/hunter2|MfKQ9r8GKYqr/);
  await sink.close();
});
