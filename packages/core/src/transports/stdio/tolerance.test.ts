import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { RecordingObserver } from "../../../test/http/open-session.ts";
import { nodePlatform } from "../../platform/node-platform.ts";
import type { UpstreamReply } from "../session.ts";
import { StdioConnection } from "./connection.ts";
import { STDIO_LIMITS } from "./limits.ts";
import { PipeWriter } from "./pipe-writer.ts";

/** A connection to a server that a test plays. */
function connect() {
  const { clock } = nodePlatform;
  const broken: string[] = [];
  const connection = new StdioConnection({
    writer: new PipeWriter(new PassThrough().resume(), clock, STDIO_LIMITS.queueLengthMax),
    clock,
    observer: new RecordingObserver(),
    limits: STDIO_LIMITS,
    flow: { pause: () => undefined, resume: () => undefined },
    onBroken: (message) => broken.push(message),
  });
  const ask = (method: string): Promise<UpstreamReply> =>
    connection.request({ method, params: {}, signal: undefined, trace: {} });
  return { connection, ask, broken };
}

/** Lines that a server writes by mistake, some with the ids of requests in flight. */
const NOISE: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["text", "Server listening on stdio\n"],
  ["a JSON log line with an id", '{"level":"info","id":1,"msg":"request received"}\n'],
  ["a JSON log line of an HTTP library", '{"level":30,"id":1,"method":"GET","url":"/mcp"}\n'],
  ["a JSON array", "[1,2,3,4,5]\n"],
  ["the answer to a request that nobody sent", '{"jsonrpc":"2.0","id":99,"result":{"wrong":true}}\n'],
  ["an answer under a text that is no id of ours", '{"jsonrpc":"2.0","id":"01","result":{"wrong":true}}\n'],
  ["bytes that are no UTF-8", "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\n"],
];

const FRAMES: readonly (readonly [string, (answer: string) => string])[] = [
  ["a line", (answer) => `${answer}\n`],
  ["a line with CR LF", (answer) => `${answer}\r\n`],
  ["a line behind a byte order mark", (answer) => `\xef\xbb\xbf${answer}\n`],
  ["a batch of one", (answer) => `[${answer}]\n`],
  ["a batch behind a notification", (answer) => `[{"jsonrpc":"2.0","method":"notifications/message"},${answer}]\n`],
];

const ENVELOPES: readonly (readonly [string, string])[] = [
  ["under its id", '{"jsonrpc":"2.0","id":1,"result":{"ok":true}}'],
  ["under its id as text", '{"jsonrpc":"2.0","id":"1","result":{"ok":true}}'],
  ["beside an error that is null", '{"jsonrpc":"2.0","id":1,"result":{"ok":true},"error":null}'],
];

describe.each(NOISE)("a server that writes %s", (_noise, before) => {
  it.each(FRAMES)("may answer in %s", async (_frame, write) => {
    for (const [envelope, answer] of ENVELOPES) {
      const { connection, ask, broken } = connect();
      const reply = ask("tools/call");
      connection.read(Buffer.from(before + write(answer), "latin1"));
      expect(await reply, envelope).toMatchObject({ kind: "result", result: { value: { ok: true } } });
      expect(broken).toEqual([]);
    }
  });
});

it.each([
  ["neither a result nor an error", '{"jsonrpc":"2.0","id":1,"neither":"of both"}'],
  ["a result that is no object", '{"jsonrpc":"2.0","id":1,"result":7}'],
  ["a result and an error", '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"x"}}'],
  ["a result without a version", '{"id":1,"result":{}}'],
  ["an error without a code", '{"jsonrpc":"2.0","id":"1","error":{"message":"x"}}'],
])("a server that answers with %s fails that request, and no other", async (_name, answer) => {
  const { connection, ask } = connect();
  const [first, second] = [ask("tools/call"), ask("tools/call")];
  connection.read(Buffer.from(`${answer}\n{"jsonrpc":"2.0","id":2,"result":{}}\n`));
  expect(await first).toMatchObject({ kind: "failed", errorType: "protocol" });
  expect(await second).toMatchObject({ kind: "result" });
});
