/** @module-tag openssl */
import { expect, test } from "vitest";
import { poll } from "../src/index.ts";
import {
  rsyslog,
  SYSLOG_TRANSPORTS,
  type SyslogProgram,
  SyslogReceiver,
  sendSyslog,
  syslogNg,
} from "../src/syslog/index.ts";

const MESSAGE = '<110>1 2026-01-31T08:00:00.123Z host app 12 id [some@32473 a="b\\"c"] hello\nworld';

async function receives(program: SyslogProgram): Promise<void> {
  await using receiver = await SyslogReceiver.start(program);
  for (const by of SYSLOG_TRANSPORTS) await sendSyslog(receiver.ports, by, [MESSAGE]);
  await poll("three messages", () => receiver.received().length === 3);
  for (const message of receiver.received()) {
    expect(message).toMatchObject({
      priority: "110",
      hostname: "host",
      appName: "app",
      processId: "12",
      messageId: "id",
      message: "hello\nworld",
      data: { "some@32473": { a: 'b"c' } },
    });
  }
}

test("rsyslog reads a message over each transport", { tags: ["rsyslog"] }, () => receives(rsyslog));

test("syslog-ng reads a message over each transport", { tags: ["syslog-ng"] }, () => receives(syslogNg));
