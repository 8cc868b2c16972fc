import { describe, expect, it } from "vitest";
import { SseParser } from "./sse-parser.ts";

interface Seen {
  readonly type: string;
  readonly data: string;
}

function parse(chunks: readonly Buffer[], limit = 10_000): { seen: Seen[]; parser: SseParser; ok: boolean } {
  const seen: Seen[] = [];
  const parser = new SseParser(
    { onEvent: (data, type) => void seen.push({ type, data: data.toString("utf8") }) },
    limit,
  );
  let ok = true;
  for (const chunk of chunks) ok = parser.push(Buffer.from(chunk)) && ok;
  return { seen, parser, ok };
}

function parseText(text: string): Seen[] {
  return parse([Buffer.from(text)]).seen;
}

const SAMPLE = [
  "\ufeffdata: première\n\n",
  ": a comment\r\n",
  "event: ping\r\ndata\r\n\r\n",
  "id: 7\rretry: 250\rdata:zwei 🚀\rdata:  drei\r\r",
  'event:\ndata: {"a":"ü"}\nunknown: field\nid: 8\n\n',
  "data: cut off\n",
].join("");
const SAMPLE_EVENTS: Seen[] = [
  { type: "message", data: "première" },
  { type: "ping", data: "" },
  { type: "message", data: "zwei 🚀\n drei" },
  { type: "message", data: '{"a":"ü"}' },
];

describe("SseParser", () => {
  it("reads events with every kind of line break, comments, several data lines and a byte order mark", () => {
    expect(parseText(SAMPLE)).toEqual(SAMPLE_EVENTS);
  });

  it("reads the same events wherever the bytes are split in two", () => {
    const bytes = Buffer.from(SAMPLE);
    for (let at = 0; at <= bytes.length; at++) {
      expect(parse([bytes.subarray(0, at), bytes.subarray(at)]).seen, `split at ${at}`).toEqual(SAMPLE_EVENTS);
    }
  });

  it("reads the same events one byte at a time", () => {
    const bytes = Buffer.from(SAMPLE);
    const { seen, parser } = parse(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)));
    expect(seen).toEqual(SAMPLE_EVENTS);
    expect(parser.lastEventId).toBe("8");
    expect(parser.retryMs).toBe(250);
  });

  it("does not take the beginning of a byte order mark for one", () => {
    const bytes = Buffer.concat([Buffer.from([0xef, 0xbb]), Buffer.from("data: x\n\ndata: y\n\n")]);
    for (let at = 0; at < 6; at++) {
      expect(parse([bytes.subarray(0, at), bytes.subarray(at)]).seen).toEqual([{ type: "message", data: "y" }]);
    }
  });

  it("takes an event id over only when its event is complete", () => {
    expect(parse([Buffer.from("id: 1\ndata: x\n\nid: 2\ndata: y\n")]).parser.lastEventId).toBe("1");
    expect(parse([Buffer.from("id: 1\n\nid: 2\n\n")]).parser.lastEventId).toBe("2");
  });

  it("takes an id back when the server sends an empty one, and ignores an id with a null character", () => {
    expect(parse([Buffer.from("id: 1\n\nid\n\n")]).parser.lastEventId).toBeUndefined();
    expect(parse([Buffer.from("id: 1\n\nid: a\0b\n\n")]).parser.lastEventId).toBe("1");
  });

  it("ignores a retry that is not a number", () => {
    expect(parse([Buffer.from("retry: 1e3\n\nretry: -1\n\nretry:\n\n")]).parser.retryMs).toBeUndefined();
  });

  it("delivers no event without data, and no event that was cut off", () => {
    expect(parseText("event: x\n\n: only a comment\n\ndata: half")).toEqual([]);
  });

  it("removes one space after the colon and no more", () => {
    expect(parseText("data:  a \n\n")).toEqual([{ type: "message", data: " a " }]);
  });

  it("gives up on an event that outgrows the limit, whether in one line or in many", () => {
    expect(parse([Buffer.from("data: 123456789")], 10).ok).toBe(false);
    expect(parse([Buffer.from("data: 1234\n"), Buffer.from("data: 5678\n"), Buffer.from("data: 9012\n")], 10).ok).toBe(
      false,
    );
  });

  it("gives up on an event of very many lines that hold nothing", () => {
    const lines = Buffer.from("data:\n".repeat(10_000));
    expect(parse([lines], 1_000_000).ok).toBe(true);
    expect(parse([lines, lines, lines], 1_000_000).ok).toBe(false);
  });

  it("ignores an id that no header could carry back", () => {
    expect(parse([Buffer.from(`id: ${"x".repeat(5_000)}\ndata: 1\n\n`)]).parser.lastEventId).toBeUndefined();
  });

  it("counts the limit an event and not a stream", () => {
    const event = Buffer.from("data: 12345678\n\n");
    expect(
      parse(
        Array.from({ length: 100 }, () => event),
        16,
      ).ok,
    ).toBe(true);
  });
});

describe("an event that is too large, where it is skipped", () => {
  const large = `{"jsonrpc":"2.0","id":7,"result":"${"x".repeat(5_000)}"}`;
  const sample = (lineBreak: string): string =>
    ["data: before", "", "event: message", `data: ${large}`, "id: 1", "", "data: behind", "", ""].join(lineBreak);

  function skip(chunks: readonly Buffer[]) {
    const seen: string[] = [];
    const skipped: { head: string; tail: string; isWhole: boolean }[] = [];
    const parser = new SseParser(
      {
        onEvent: (data) => void seen.push(data.toString("utf8")),
        onTooLarge: ({ head, tail, bytes }) =>
          void skipped.push({
            head: head.toString("utf8", 0, 24),
            tail: tail.toString("utf8"),
            isWhole: bytes >= large.length,
          }),
      },
      1_000,
    );
    for (const chunk of chunks) expect(parser.push(Buffer.from(chunk))).toBe(true);
    return { seen, skipped };
  }

  it.each(["\n", "\r\n", "\r"])("is left out, and what stands around it is read (%j)", (lineBreak) => {
    const bytes = Buffer.from(sample(lineBreak));
    for (const size of [1, 2, 3, 7, 64, 999]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      const { seen, skipped } = skip(chunks);
      expect(seen, `chunks of ${size}`).toEqual(["before", "behind"]);
      expect(skipped, `chunks of ${size}`).toEqual([
        { head: '{"jsonrpc":"2.0","id":7,', tail: expect.stringContaining('x"}'), isWhole: true },
      ]);
    }
  });

  it("is left out wherever the bytes are split in two", () => {
    const bytes = Buffer.from(sample("\r\n"));
    for (let at = 1_100; at < bytes.length - 30; at += 37) {
      expect(skip([bytes.subarray(0, at), bytes.subarray(at)]).seen, `split at ${at}`).toEqual(["before", "behind"]);
    }
  });
});
