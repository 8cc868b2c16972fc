import { seededRandom } from "@mcp-hangar/delivery/testing";
import { AttributeList, HANGAR_ATTRIBUTES, OTEL_ATTRIBUTES, type SpanAttributes } from "@mcp-hangar/telemetry";
import { OtlpReceiver, type ReceivedSpan } from "@mcp-hangar/testing/otlp";
import { type Link, ROOT_CONTEXT, SpanStatusCode, TraceFlags, trace } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode, millisToHrTime, TraceState } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { type ReadableSpan, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SpanLink, SpanRecord } from "../gateway/span-record.ts";
import { SpanEncoder, type SpanOrigin } from "./span-encoder.ts";
import { type SpanLimits, spanLimitsOf } from "./span-limits.ts";

const ORIGIN: SpanOrigin = {
  resource: { "service.name": "gateway", "telemetry.sdk.name": "opentelemetry" },
  scope: { name: "@mcp-hangar/tracing", version: "1.2.3" },
};
const LIMITS = spanLimitsOf({});
const RECORDS = 300;

let receiver: OtlpReceiver;
beforeAll(async () => {
  receiver = await OtlpReceiver.start();
});
afterAll(() => receiver.close());

/** What a receiver makes of the spans that we encode, by the published `.proto` files. */
async function ours(records: readonly SpanRecord[], limits: SpanLimits = LIMITS): Promise<readonly ReceivedSpan[]> {
  receiver.exports.length = 0;
  const encoder = new SpanEncoder(ORIGIN, limits);
  // All before the first is sent: what is encoded later must not touch what is waiting.
  const spans = records.map((record) => encoder.encode(record));
  const headers = { "content-type": "application/x-protobuf" };
  const body = Buffer.from(encoder.request(spans));
  const answer = await fetch(`${receiver.httpUrl}/v1/traces`, { method: "POST", headers, body });
  expect([answer.status, receiver.refusals]).toEqual([200, []]);
  return receiver.spans;
}

/** What it makes of the spans that the SDK of OpenTelemetry makes of the same records, and sends itself. */
async function theirs(records: readonly SpanRecord[], limits: SpanLimits = LIMITS): Promise<readonly ReceivedSpan[]> {
  receiver.exports.length = 0;
  let next: SpanRecord | undefined;
  const idOf = (name: "traceId" | "spanId"): string => next?.[name] ?? "";
  const made: ReadableSpan[] = [];
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ ...ORIGIN.resource }),
    idGenerator: { generateTraceId: () => idOf("traceId"), generateSpanId: () => idOf("spanId") },
    spanLimits: { attributeCountLimit: limits.attributesMax, attributeValueLengthLimit: limits.valueCharsMax },
    spanProcessors: [
      {
        onStart() {},
        onEnd: (span) => void made.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  const tracer = provider.getTracer(ORIGIN.scope.name, ORIGIN.scope.version);
  for (const record of records) {
    next = record;
    const { name, kind, attributes, startMs, endMs, events = [], links = [], error, parent, traceId } = record;
    const traceState = parent?.tracestate === undefined ? {} : { traceState: new TraceState(parent.tracestate) };
    const context =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId,
            spanId: parent.spanId,
            isRemote: parent.isRemote,
            traceFlags: TraceFlags.SAMPLED,
            ...traceState,
          });
    const options = {
      kind,
      attributes: attributes.toObject(),
      startTime: millisToHrTime(startMs),
      links: links.map(linkTo),
    };
    const span = tracer.startSpan(name, options, context);
    for (const event of events) span.addEvent(event.name, { ...event.attributes }, millisToHrTime(event.timeMs));
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, ...(error !== "" && { message: error }) });
    span.end(millisToHrTime(Math.max(startMs, endMs)));
  }
  const exporter = new OTLPTraceExporter({ url: `${receiver.httpUrl}/v1/traces` });
  const result = await new Promise<ExportResult>((resolve) => exporter.export(made, resolve));
  await exporter.shutdown();
  expect(result.code).toBe(ExportResultCode.SUCCESS);
  return receiver.spans;
}

function linkTo({ traceId, spanId, sampled }: SpanLink): Link {
  return { context: { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE } };
}

const byId = (spans: readonly ReceivedSpan[]): readonly ReceivedSpan[] =>
  spans.toSorted((a, b) => a.spanId.localeCompare(b.spanId));

/** Records with values of every kind, among them those at which lengths take another byte. */
class RandomRecords {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  record(): SpanRecord {
    const startMs = 1_769_846_400_000 + this.#number(1e9) + this.#random();
    const parent = {
      spanId: this.#hex(16),
      isRemote: this.#chance(0.5),
      tracestate: this.#of([undefined, "vendor=value", "a=1,b=2,  c=3", "no list", ""]),
    };
    return {
      traceId: this.#hex(32),
      spanId: this.#hex(16),
      parent: this.#chance(0.7) ? parent : undefined,
      name: this.#text(),
      kind: this.#number(5),
      startMs,
      endMs: startMs + this.#of([-5, 0, 0.001, 12.345678, 86_400_000]),
      attributes: AttributeList.of(this.#attributes(20)),
      ...(this.#chance(0.4) && {
        events: this.#some(6, () => ({ name: this.#text(), timeMs: startMs, attributes: this.#attributes(4) })),
      }),
      ...(this.#chance(0.4) && {
        links: this.#some(6, () => ({ traceId: this.#hex(32), spanId: this.#hex(16), sampled: this.#chance(0.5) })),
      }),
      ...(this.#chance(0.4) && { error: this.#text() }),
    };
  }

  #attributes(max: number): SpanAttributes {
    return Object.fromEntries(
      this.#some(max, () => {
        // What the gateway writes, over and over, and what it does not.
        if (this.#chance(0.5)) return [this.#of(NAMES), this.#chance(0.8) ? this.#of(VALUES) : this.#value()];
        return [this.#chance(0.02) ? "" : `key.${this.#text(30)}`, this.#value()];
      }),
    );
  }

  #value(): SpanAttributes[string] {
    return this.#of<() => SpanAttributes[string]>([
      () => this.#text(),
      () => this.#chance(0.5),
      () => this.#of(NUMBERS),
      () => this.#number(2 ** 31) - 2 ** 30,
      () => (this.#random() - 0.5) * 10 ** this.#number(300),
      () => this.#some(5, () => this.#text()),
    ])();
  }

  #text(max = Number.POSITIVE_INFINITY): string {
    const length = Math.min(max, this.#of(LENGTHS));
    const alphabet = this.#of(ALPHABETS);
    return Array.from({ length }, () => this.#of(alphabet))
      .join("")
      .slice(0, length);
  }

  #hex(digits: number): string {
    return `1${Array.from({ length: digits - 1 }, () => this.#number(16).toString(16)).join("")}`;
  }

  #some<Item>(max: number, make: () => Item): Item[] {
    return Array.from({ length: this.#number(max + 1) }, make);
  }

  #of<Item>(items: readonly Item[]): Item {
    const item = items[this.#number(items.length)];
    // An index below the length.
    return item as Item;
  }

  #number(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }
}

const NAMES = [...Object.values(HANGAR_ATTRIBUTES), ...Object.values(OTEL_ATTRIBUTES)];
const VALUES: readonly SpanAttributes[string][] = [
  "math",
  "",
  "true",
  "8443",
  "ж 😀",
  "\ud800",
  true,
  false,
  0,
  -0,
  8_443,
].concat(["x".repeat(127), "x".repeat(128), "x".repeat(129), "long ".repeat(40)]);
const LENGTHS = [0, 1, 2, 7, 41, 42, 43, 63, 64, 100, 120, 127, 128, 129, 200, 4_095, 4_096, 5_461, 20_000];
const NUMBERS = [0, -0, 1, -1, 0.5, -0.5, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -(2 ** 31), -(2 ** 53)]
  .concat([2 ** 62, -(2 ** 63), 2 ** 63, -(2 ** 64), 1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY])
  .concat([Number.NEGATIVE_INFINITY, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
/** ASCII, controls, two and three bytes, surrogates in pairs and alone. */
const ALPHABETS = [
  ["a", "B", "7", " ", "/"],
  ["\u0000", "\n", "\u007f", "x"],
  ["é", "ß", "ж", "a"],
  ["漢", "€", "\uffff", "a"],
  ["😀", "👩‍🚀", "a"],
  ["\ud800", "\udfff", "a", "😀"],
];

describe("spans that are encoded", () => {
  test.each([1, 2, 3])("have the fields of their records, as the SDK has them (seed %i)", async (seed) => {
    const random = new RandomRecords(seed);
    const records = Array.from({ length: RECORDS }, () => random.record());
    const expected = byId(await theirs(records));
    expect(expected).toHaveLength(RECORDS);
    expect(byId(await ours(records))).toEqual(expected);
  });

  test("keep to limits of attributes as the SDK does, and say what they have dropped", async () => {
    const random = new RandomRecords(4);
    const records = Array.from({ length: RECORDS }, () => random.record());
    const limits = { attributesMax: 5, valueCharsMax: 9 };
    const expected = byId(await theirs(records, limits));
    expect(expected.some(({ droppedAttributesCount }) => droppedAttributesCount > 5)).toBe(true);
    expect(byId(await ours(records, limits))).toEqual(expected);
  });

  test("have attributes with more values than are kept, each its own", async () => {
    const [record] = [new RandomRecords(8).record()];
    const records = Array.from({ length: 1_000 }, (_each, index) => ({
      ...record,
      spanId: (index + 1).toString(16).padStart(16, "0"),
      attributes: AttributeList.of({
        [HANGAR_ATTRIBUTES.toolName]: `tool ${index % 300}`,
        [OTEL_ATTRIBUTES.serverPort]: index,
      }),
    }));
    const attributes = (await ours(records)).map((span) => span.attributes);
    // A receiver reads whole numbers as those of 64 bits.
    const expected = records.map((_each, index) => ({
      "mcp.tool.name": `tool ${index % 300}`,
      "server.port": BigInt(index),
    }));
    expect(attributes).toEqual(expected);
  });

  test("keep the latest events and links of too many, as the SDK does", async () => {
    const [record] = [new RandomRecords(5).record()];
    const many = (length: number) => Array.from({ length }, (_each, index) => index);
    const events = many(200).map((index) => ({ name: `event ${index}`, timeMs: record.startMs, attributes: {} }));
    const links = many(130).map((index) => ({
      traceId: "c".repeat(32),
      spanId: (index + 1).toString(16).padStart(16, "0"),
      sampled: true,
    }));
    const expected = await theirs([{ ...record, events, links }]);
    expect(expected[0]?.events).toHaveLength(128);
    expect(await ours([{ ...record, events, links }])).toEqual(expected);
  });

  test("are nothing to those after them when they cannot be encoded", async () => {
    const record = new RandomRecords(6).record();
    const broken = new AttributeList();
    Object.defineProperty(broken, "values", {
      get: () => {
        throw new Error("broken");
      },
    });
    const encoder = new SpanEncoder(ORIGIN, LIMITS);
    const before = Buffer.from(encoder.encode(record));
    expect(() => encoder.encode({ ...record, attributes: broken })).toThrow("broken");
    expect(Buffer.from(encoder.encode(record))).toEqual(before);
  });
});

test.each([
  [{}, { attributesMax: 128, valueCharsMax: Number.POSITIVE_INFINITY }],
  [
    { OTEL_ATTRIBUTE_COUNT_LIMIT: "7", OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "9" },
    { attributesMax: 7, valueCharsMax: 9 },
  ],
  [{ OTEL_ATTRIBUTE_COUNT_LIMIT: "7", OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "8" }, { attributesMax: 8 }],
  [{ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "9", OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: "6" }, { valueCharsMax: 6 }],
  [{ OTEL_ATTRIBUTE_COUNT_LIMIT: "-1", OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "many" }, { attributesMax: 128 }],
])("limits of %o are %o", (env, limits) => {
  expect(spanLimitsOf(env)).toMatchObject(limits);
});
