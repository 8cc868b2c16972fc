import { describe, expect, test } from "vitest";
import { seededRandom } from "../testing/seeded-random.ts";
import { decodeLargeMessage, decodeMessage, type IncomingMessage, type MessageBatch } from "./decode.ts";

/** Above the size from which results are relayed as bytes. */
const LARGE = "x".repeat(10_000);
const decode = (text: string): IncomingMessage | MessageBatch => decodeMessage(Buffer.from(text));

function response(text: string): { id: unknown; bytes: string | undefined; value: unknown } {
  const message = decode(text);
  if (message.kind !== "response") throw new Error(`decoded as ${JSON.stringify(message)}`);
  return { id: message.id, bytes: message.result.bytes?.toString(), value: message.result.value };
}

test.each([
  [
    "a request",
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}',
    { kind: "request", id: 1, method: "m", params: { a: 1 } },
  ],
  [
    "a request without params",
    '{"jsonrpc":"2.0","id":"1","method":"m"}',
    { kind: "request", id: "1", method: "m", params: {} },
  ],
  ["a notification", '{"jsonrpc":"2.0","method":"n","params":{}}', { kind: "notification", method: "n", params: {} }],
  [
    "an error",
    '{"jsonrpc":"2.0","id":0,"error":{"code":-1,"message":"no","data":[1]}}',
    { kind: "error", id: 0, error: { code: -1, message: "no", data: [1] } },
  ],
  [
    "an error for no request",
    '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"?"}}',
    { kind: "error", id: null, error: { code: -32700, message: "?" } },
  ],
  [
    "an error without an id",
    '{"jsonrpc":"2.0","error":{"code":-32700,"message":"?"}}',
    { kind: "error", id: null, error: { code: -32700, message: "?" } },
  ],
])("reads %s", (_name, text, expected) => {
  expect(decode(text)).toEqual(expected);
});

test.each([
  ["nothing", "", -32700, undefined],
  ["text that is no JSON", "hello", -32700, undefined],
  ["two documents", '{"jsonrpc":"2.0","method":"n"}{"jsonrpc":"2.0","method":"n"}', -32700, undefined],
  ["two byte order marks", '\ufeff\ufeff{"jsonrpc":"2.0","method":"n"}', -32700, undefined],
  ["an empty batch", "[]", -32600, undefined],
  ["a string", '"x"', -32600, undefined],
  ["another version", '{"jsonrpc":"1.0","id":4,"method":"m"}', -32600, 4],
  ["a null id in a request", '{"jsonrpc":"2.0","id":null,"method":"m"}', -32600, undefined],
  ["an object as id", '{"jsonrpc":"2.0","id":{},"method":"m"}', -32600, undefined],
  ["an id too large for a number", '{"jsonrpc":"2.0","id":1e999,"method":"m"}', -32600, undefined],
  ["positional params", '{"jsonrpc":"2.0","id":4,"method":"m","params":[1]}', -32600, 4],
  ["null params", '{"jsonrpc":"2.0","id":4,"method":"m","params":null}', -32600, 4],
  ["a numeric method", '{"jsonrpc":"2.0","id":4,"method":1}', -32600, 4],
  ["a request that is a response", '{"jsonrpc":"2.0","id":4,"method":"m","result":{}}', -32600, 4],
  ["result and error at once", '{"jsonrpc":"2.0","id":4,"result":{},"error":{"code":1,"message":""}}', -32600, 4],
  ["a result that is an array", '{"jsonrpc":"2.0","id":4,"result":[]}', -32600, 4],
  ["a result without id", '{"jsonrpc":"2.0","result":{}}', -32600, undefined],
  ["an error with a fractional code", '{"jsonrpc":"2.0","id":4,"error":{"code":1.5,"message":""}}', -32600, 4],
  ["an error without message", '{"jsonrpc":"2.0","id":4,"error":{"code":1}}', -32600, 4],
  ["an empty object", "{}", -32600, undefined],
  ["an envelope and nothing else", '{"jsonrpc":"2.0","id":4}', -32600, 4],
])("refuses %s", (_name, text, code, id) => {
  expect(decode(text)).toMatchObject({ kind: "invalid", code, id });
});

test("refuses bytes that are not UTF-8, in small and in large messages", () => {
  for (const size of [1, 10_000]) {
    const bytes = Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"a":"${"é".repeat(size)}"}}`, "latin1");
    expect(decodeMessage(bytes)).toMatchObject({ kind: "invalid", code: -32700 });
  }
});

test("refuses documents that are nested deeper than serialisers can go", () => {
  const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  for (const pad of ["", LARGE]) {
    expect(decode(`{"jsonrpc":"2.0","id":1,"result":{"pad":"${pad}","a":${deep(5_000)}}}`).kind).toBe("invalid");
    expect(decode(`{"jsonrpc":"2.0","id":1,"result":{"pad":"${pad}","a":${deep(900)}}}`).kind).toBe("response");
  }
  expect(decode(`{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${deep(100_000)}}}`)).toMatchObject({
    kind: "invalid",
    id: 1,
  });
});

test("keeps __proto__ a plain key that changes no prototype", () => {
  const message = decode('{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"polluted":1}}}');
  if (message.kind !== "request") throw new Error(message.kind);
  expect(message.params.polluted).toBeUndefined();
  expect(JSON.stringify({ ...message.params })).toBe('{"__proto__":{"polluted":1}}');
  const exact = decode('{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"n":12345678901234567890}}}');
  if (exact.kind !== "request") throw new Error(exact.kind);
  expect(exact.params.n).toBeUndefined();
  expect(JSON.stringify({ ...exact.params })).toBe('{"__proto__":{"n":12345678901234567890}}');
});

const result = `{"content":[{"type":"text","text":"${LARGE} é \\" }"}],"n":12345678901234567890}`;
test.each([
  ["with the envelope in front", `{"jsonrpc":"2.0","id":7,"result":${result}}`, 7],
  ["with id and version swapped", `{"id":7,"jsonrpc":"2.0","result":${result}}`, 7],
  ["with the envelope behind", `{"result":${result},"jsonrpc":"2.0","id":7}`, 7],
  ["with the envelope around", `{"jsonrpc":"2.0","result":${result},"id":7}`, 7],
  ["with a string id", `{"jsonrpc":"2.0","id":"7","result":${result}}`, "7"],
  ["with a line break behind it", `{"jsonrpc":"2.0","id":-7,"result":${result}}\r\n`, -7],
])("hands on the very bytes of a large result %s", (_name, text, id) => {
  expect(response(text)).toMatchObject({ id, bytes: result });
});

test.each([
  ["spaces in the envelope", `{ "jsonrpc": "2.0", "id": 7, "result": {"a":"${LARGE}"} }`],
  ["a line break between tokens", `{"jsonrpc":"2.0","id":7,"result":{"a":\n"${LARGE}"}}`],
  ["an escaped id", `{"jsonrpc":"2.0","result":{"a":"${LARGE}"},"i\\u0064":7}`],
  ["a further member", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}"},"extra":{}}`],
  ["a repeated result", `{"jsonrpc":"2.0","id":7,"result":{},"result":{"a":"${LARGE}"}}`],
  ["a repeated id", `{"jsonrpc":"2.0","id":6,"result":{"a":"${LARGE}"},"id":7}`],
  ["a repeated version", `{"jsonrpc":"2.0","jsonrpc":"2.0","result":{"a":"${LARGE}"},"id":7}`],
])("parses a large response with %s as a whole", (_name, text) => {
  expect(response(text)).toEqual({ id: 7, bytes: undefined, value: { a: LARGE } });
});

test.each([
  ["a second document in the result", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}"}{}}`],
  ["a result that is cut off", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}}`],
  ["a brace too many", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}"}}}`],
  ["a raw line break in a string", `{"jsonrpc":"2.0","id":7,"result":{"a":"\n${LARGE}"}}`],
  ["a result that is not JSON inside", `{"jsonrpc":"2.0","id":7,"result":{"a":"${LARGE}",b}}`],
  ["an array as result", `{"jsonrpc":"2.0","id":7,"result":["${LARGE}"]}`],
  ["another version", `{"jsonrpc":"2.1","id":7,"result":{"a":"${LARGE}"}}`],
  ["no id", `{"jsonrpc":"2.0","result":{"a":"${LARGE}"}}`],
])("refuses a large response with %s", (_name, text) => {
  expect(decode(text).kind).toBe("invalid");
});

test("a string that looks like the end of an envelope is not taken for one", () => {
  const inner = `{"a":"${LARGE}","b":",\\"jsonrpc\\":\\"2.0\\",\\"id\\":9}"}`;
  expect(response(`{"jsonrpc":"2.0","id":7,"result":${inner}}`)).toMatchObject({ id: 7, bytes: inner });
  const members = `{"a":"${LARGE}","jsonrpc":"2.0","id":9}`;
  expect(response(`{"jsonrpc":"2.0","id":7,"result":${members}}`)).toMatchObject({ id: 7, bytes: members });
});

test("numbers that no double holds are written again as they came", () => {
  const params =
    '{"id":12345678901234567890,"list":[-9007199254740993,0.12345678901234567890],"text":"1234567890123456789"}';
  const message = decode(`{"jsonrpc":"2.0","id":1,"method":"m","params":${params}}`);
  if (message.kind !== "request") throw new Error(message.kind);
  expect(JSON.stringify({ ...message.params })).toBe(params);
  const small = response(`{"jsonrpc":"2.0","id":1,"result":${params}}`);
  expect(JSON.stringify(small.value)).toBe(params);
  expect(JSON.stringify(response(`{"jsonrpc":"2.0","id":7,"result":${result}}`).value)).toBe(result);
});

test("numbers that a double holds stay numbers, however long", () => {
  const message = decode(
    '{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":0.3333333333333333,"b":1.0000000000000000,"c":9007199254740991}}',
  );
  expect(message).toMatchObject({ params: { a: 0.3333333333333333, b: 1, c: 9007199254740991 } });
});

test("an id that no double holds is refused, because it could not be given back", () => {
  expect(decode('{"jsonrpc":"2.0","id":12345678901234567890,"method":"m"}')).toMatchObject({ kind: "invalid" });
});

describe("whatever a server writes", () => {
  const random = seededRandom(12);
  const SPACES = ["", "", "", " ", "\n", "\r\n\t"] as const;
  const VALUES = [
    "1",
    "-0",
    "1e5",
    "12345678901234567890",
    "true",
    "null",
    '"x"',
    String.raw`"\ud800"`,
    String.raw`"\u0000\n\"\\\/"`,
    '"é😀\u2028"',
    String.raw`"},\"id\":9,\"result\":{}"`,
    '{"__proto__":{"a":1},"a":2,"a":3}',
    '{"id":9,"result":{"id":9},"jsonrpc":"1.0","error":{}}',
    '[1,[2,{"result":{}}]]',
    "[".repeat(60) + "]".repeat(60),
  ] as const;
  const KEYS = [
    '"a"',
    '"id"',
    '"result"',
    '"__proto__"',
    '"isError"',
    '"_meta"',
    '"resultType"',
    String.raw`"\u0069d"`,
  ] as const;
  const ODD_MEMBERS = [
    '"id":8',
    '"id":"7"',
    '"result":{}',
    '"result":[]',
    '"error":null',
    '"x":1',
    '"jsonrpc":"1.0"',
    String.raw`"r\u0065sult":{"b":1}`,
  ] as const;
  /** What breaks a document, wherever it is put. */
  const DAMAGE = ["}", "{", '"', ",", "\\", "\u0007", "]", "1", "\ufeff"] as const;

  function object(pad: number): string {
    const members = Array.from(
      { length: random.integer(0, 5) },
      () => `${random.pick(KEYS)}${random.pick(SPACES)}:${random.pick(SPACES)}${random.pick(VALUES)}`,
    );
    members.splice(
      random.integer(0, members.length),
      0,
      `"pad":"${random.pick(["x", "é", String.raw`\n`]).repeat(pad)}"`,
    );
    return `{${random.pick(SPACES)}${members.join(`,${random.pick(SPACES)}`)}${random.pick(SPACES)}}`;
  }

  function document(pad: number): string {
    const members = [`"jsonrpc":"2.0"`, `"id":7`, `"result":${object(pad)}`];
    if (random.chance(0.4)) members.splice(random.integer(0, 3), 0, random.pick(ODD_MEMBERS));
    if (random.chance(0.5)) members.reverse();
    const text = `${random.chance(0.1) ? "\ufeff" : ""}{${members.join(`,${random.pick(SPACES)}`)}}${random.pick(SPACES)}`;
    if (random.chance(0.7)) return text;
    const at = random.chance(0.5) ? random.integer(0, 40) : text.length - random.integer(0, 40);
    return text.slice(0, at) + random.pick(DAMAGE) + text.slice(at);
  }

  test.each([100, 10_000, 70_000, 300_000])(
    "%i characters and more, what is relayed says what a parser reads",
    (pad) => {
      let relayed = 0;
      for (let round = 0; round < Math.min(1_500, 20_000_000 / pad); round++) {
        // The damage may part two halves of a character, which no bytes of UTF-8 have.
        const text = document(pad).toWellFormed();
        const message = decode(text);
        let parsed: unknown;
        try {
          parsed = JSON.parse(text.startsWith("\ufeff") ? text.slice(1) : text);
        } catch {
          expect(message.kind, text).toBe("invalid");
          continue;
        }
        if (message.kind !== "response") continue;
        const { jsonrpc, id, result, error } = parsed as Record<string, unknown>;
        expect({ jsonrpc, id: message.id, error: error ?? undefined }, text).toEqual({
          jsonrpc: "2.0",
          id,
          error: undefined,
        });
        const bytes = message.result.bytes?.toString() ?? JSON.stringify(message.result.value);
        expect(bytes).not.toMatch(/[\n\r]/);
        // Both written again by the same library; numbers that it rounds are rounded in both.
        const isSame = JSON.stringify(JSON.parse(bytes)) === JSON.stringify(result);
        expect(isSame, isSame ? "" : text.replaceAll(/(x|é|\\n){9,}/g, "…")).toBe(true);
        if (message.result.bytes !== undefined) relayed++;
      }
      expect(relayed > 10).toBe(pad > 8_000);
    },
  );
});

describe("a message that is read without being built", () => {
  const big = JSON.stringify(Array.from({ length: 80_000 }, (_, index) => ({ index, text: "é" })));
  const inTurns = (resume: () => void): void => void setImmediate(resume);

  test.each([
    ["as libraries write it", `{"jsonrpc":"2.0","id":7,"result":{"a":${big},"isError":true,"resultType":"complete"}}`],
    [
      "with the id last and blanks",
      `{ "result" : {"isError": true, "resultType":"complete",\n"a":${big}}, "id": 7, "jsonrpc": "2.0" }`,
    ],
    ["of a task", `{"jsonrpc":"2.0","id":7,"result":{"task":${big},"isError":true,"resultType":"complete"}}`],
  ])("tells what a relay has to know of it, %s", async (_name, text) => {
    for (const message of [decodeMessage(Buffer.from(text)), await decodeLargeMessage(Buffer.from(text), inTurns)]) {
      if (message.kind !== "response") throw new Error(message.kind);
      expect(message.id).toBe(7);
      const hasTask = text.includes('"task"');
      expect(message.result.summary).toEqual({
        isError: true,
        resultType: "complete",
        hasMeta: false,
        mayLink: false,
        hasTask,
      });
      expect(message.result.bytes?.includes(0x0a)).toBe(false);
      expect(message.result.value).toEqual((JSON.parse(text) as { result: object }).result);
    }
  });

  test.each([
    ["cut off", `{"jsonrpc":"2.0","id":7,"result":{"a":${big}`, "it is not valid JSON"],
    ["too much to be built", `{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":${big}}}`, /more than 250000 values/],
    ["a batch", `[${big}]`, /more than 250000 values/],
    ["too deep", `{"jsonrpc":"2.0","id":7,"result":{"a":${"[".repeat(300_000)}`, /nested deeper/],
    ["two documents", `{"jsonrpc":"2.0","id":7,"result":{"a":${big}}}{}`, "it is not valid JSON"],
    [
      "a result and an error",
      `{"jsonrpc":"2.0","id":7,"result":{"a":${big}},"error":{"code":1,"message":""}}`,
      /more than/,
    ],
  ])("is refused when it is %s", async (_name, text, reason) => {
    for (const message of [decodeMessage(Buffer.from(text)), await decodeLargeMessage(Buffer.from(text), inTurns)]) {
      expect(message).toMatchObject({
        kind: "invalid",
        reason: reason instanceof RegExp ? expect.stringMatching(reason) : reason,
      });
    }
  });

  test("is built for a client, within the limit", () => {
    const text = `{"jsonrpc":"2.0","id":7,"result":{"a":${big}}}`;
    expect(decodeMessage(Buffer.from(text), false)).toMatchObject({ kind: "invalid", id: 7 });
    const long = `{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"${"x".repeat(1_000_000)}"}}`;
    expect(decodeMessage(Buffer.from(long), false)).toMatchObject({ kind: "request", id: 7 });
  });
});
