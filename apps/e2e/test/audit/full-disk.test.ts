/** @module-tag unshare */
import { rmSync } from "node:fs";
import { poll } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { startOnDisk } from "../../src/harness/gateway-on-disk.ts";
import { rest } from "../../src/harness/rest.ts";

/** Calls in a row of which none is done. */
const REFUSED = 8;

test("with fail_closed nothing is done on a full disk that is not written down, and calls go on when there is room", async () => {
  // It is soon full, and becomes larger when the ballast is thrown off.
  await using own = await startOnDisk(
    "mount -t tmpfs -o size=256k tmpfs disk && dd if=/dev/zero of=disk/ballast bs=1k count=150 2>/dev/null",
  );
  const { url, calls } = own;
  await poll("a call to be refused", async () => !(await calls.call()));
  expect(calls.answered.length).toBeGreaterThan(5);

  // A disk that is nearly full may have room for an intent, and none for the end: that call is not answered, and says so.
  let seen = 0;
  await poll("nothing to be done any more", async () => {
    seen = own.seen();
    const answered = calls.answered.length;
    for (let number = 0; number < REFUSED; number++) await calls.call();
    return own.seen() === seen && calls.answered.length === answered;
  });
  for (const { message, data } of calls.refused) {
    expect({ message, data }).toMatchObject({
      message: expect.stringMatching(
        /^(?:nothing was done|it may have been done, and how it ended could not be written down): the audit journal cannot be written: /,
      ),
      data: { retryable: true, retry_after_ms: expect.any(Number) },
    });
  }
  const refusedBefore = calls.refused.length;
  for (let number = 0; number < REFUSED; number++) await calls.call();
  const later = calls.refused.slice(refusedBefore).map(({ message }) => message);
  expect(later).toEqual(Array.from({ length: REFUSED }, () => expect.stringMatching(/^nothing was done: /)));
  const overRest = await rest({ url }, "POST", "/api/mcp_servers/own/tools/ok/call", { body: { arguments: {} } });
  expect([overRest.status, overRest.json()]).toMatchObject([503, { error: { code: "audit_unavailable" } }]);
  expect(own.seen()).toBe(seen);
  const ready = await rest({ url }, "GET", "/health/ready");
  expect([ready.status, ready.text]).toEqual([503, expect.stringContaining('"audit_journal"')]);

  rmSync(own.inside("ballast"));
  await poll("a call to be answered again", () => calls.call());
  await poll("the gateway to be ready", async () => (await rest({ url }, "GET", "/health/ready")).status === 200);
  for (let number = 0; number < 10; number++) expect(await calls.call()).toBe(true);
  await own.expectWritten();
});
