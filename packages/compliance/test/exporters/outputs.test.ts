import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { poll, runProcess } from "@mcp-hangar/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CEFExporter,
  CefFormat,
  type SinkEntry,
  SyslogEnvelope,
  SyslogExporter,
  SyslogFormat,
} from "../../src/index.ts";
import { parseCef } from "../formats/cef-parser.ts";
import { entriesWith } from "../formats/entries.ts";
import { linesOf } from "../sinks/http-receiver.ts";
import { OctetReceiver } from "../sinks/octet-receiver.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hangar-outputs-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const entries = entriesWith();
const SENDER = { hostname: "gateway.example", appName: "hangar" };

async function exportAll(exporter: CEFExporter | SyslogExporter): Promise<void> {
  for (const { record, place } of entries) expect(exporter.export(record, place)).toBe(true);
  await exporter.close(60_000);
  expect(exporter.snapshot()).toMatchObject({ delivered: entries.length, queueSize: 0 });
}

test("a file gets what FileSink can do", async () => {
  const path = join(folder, "audit.log");
  const batch = { recordsMax: 10, bytesMax: 1_000_000, delayMs: 1 };
  const exporter = new CEFExporter({ output: { file: path, rotation: { bytesMax: 10_000 }, name: "trail" }, batch });
  await exportAll(exporter);
  expect(exporter.name).toBe("trail");
  const names = readdirSync(folder).toSorted();
  expect(names.length).toBeGreaterThan(3);
  const lines = names.flatMap((name) => linesOf(readFileSync(join(folder, name), "utf8")));
  expect(lines.toSorted()).toEqual(entries.map((entry) => new CefFormat().encode(entry)).toSorted());
});

test("a callback gets each record with its text", async () => {
  const got: SinkEntry[] = [];
  await exportAll(new CEFExporter({ output: { callback: (batch) => void got.push(...batch) } }));
  expect(got).toEqual(entries.map((entry) => ({ ...entry, text: new CefFormat().encode(entry) })));
});

test("a callback that throws is told of, and gets the same again", async () => {
  const problems: (string | undefined)[] = [];
  let attempts = 0;
  const exporter = new CEFExporter({
    output: {
      callback() {
        attempts += 1;
        if (attempts < 3) throw new Error("not now");
      },
    },
    retry: { baseMs: 1, maxMs: 2 },
    onProblem: (problem) => problems.push(problem),
  });
  for (const { record } of entries) exporter.export(record);
  await poll("everything to be delivered", () => exporter.snapshot().delivered === entries.length);
  expect(problems).toEqual([expect.stringContaining("not now"), undefined]);
  await exporter.close(1_000);
});

test("stderr gets lines", async () => {
  const program = `
    import { auditRecord, CEFExporter } from "@mcp-hangar/compliance";
    const exporter = new CEFExporter({ output: { stderr: true } });
    for (const name of ["add", "sub"]) {
      const target = { kind: "tool", name };
      exporter.export(auditRecord({ type: "tool.call.completed", action: "call", outcome: "success", actor: { type: "local" }, target }));
    }
    await exporter.close(5_000);`;
  const { code, stdout, stderr } = await runProcess({
    command: process.execPath,
    args: ["--conditions=@mcp-hangar/source", "--input-type=module", "--eval", program],
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(linesOf(stderr).map((line) => parseCef(line).extension.cs1)).toEqual(["add", "sub"]);
});

test("syslog over TCP gets CEF as the message of RFC 5424, and its own format as it is", async () => {
  const receiver = await OctetReceiver.start();
  const output = { syslog: `tcp://127.0.0.1:${receiver.port}`, sender: SENDER };
  await exportAll(new CEFExporter({ output }));
  const envelope = new SyslogEnvelope(new CefFormat(), SENDER);
  await poll("the messages", () => receiver.messages.length >= entries.length);
  expect(receiver.messages).toEqual(entries.map((entry) => envelope.encode(entry)));
  await exportAll(new SyslogExporter({ output, syslog: SENDER }));
  const format = new SyslogFormat(SENDER);
  await poll("the messages", () => receiver.messages.length >= 2 * entries.length);
  expect(receiver.messages.slice(entries.length)).toEqual(entries.map((entry) => format.encode(entry)));
  await receiver.close();
});

test.each(["127.0.0.1", "::1"])("syslog over UDP goes to %s", async (address) => {
  const socket = createSocket({ type: address === "::1" ? "udp6" : "udp4", recvBufferSize: 1_000_000 });
  const messages: string[] = [];
  socket.on("message", (message) => messages.push(message.toString()));
  socket.bind(0, address);
  await once(socket, "listening");
  const host = address === "::1" ? "[::1]" : address;
  const output = { syslog: `udp://${host}:${socket.address().port}`, sender: SENDER };
  await exportAll(new CEFExporter({ output, batch: { recordsMax: 5, bytesMax: 100_000, delayMs: 1 } }));
  await poll("the messages", () => messages.length >= entries.length);
  const envelope = new SyslogEnvelope(new CefFormat(), SENDER);
  expect(messages).toEqual(entries.map((entry) => envelope.encode(entry)));
  socket.close();
});

test.each([
  "localhost:514",
  "http://localhost",
  "tcp://",
  "tcp://localhost:70000",
  "tcp://user:hunter2@localhost",
  "tcp://localhost/audit",
  "tcp://localhost?hunter2",
  "",
])("%j is no address of syslog, and the refusal does not repeat it", (syslog) => {
  const make = (): CEFExporter => new CEFExporter({ output: { syslog } });
  expect(make).toThrow(RangeError);
  expect(make).toThrow("write udp://host:port, tcp://host:port or tls://host:port");
  expect(make).not.toThrow(/hunter2/);
});

test.each(["udp", "tcp"])("options of TLS with %s are refused: nobody thinks that it is encrypted", (transport) => {
  const output = { syslog: `${transport}://siem.example:6514`, tls: { caFile: "ca.pem" } };
  expect(() => new CEFExporter({ output })).toThrow(/is not encrypted: write tls:/);
});
