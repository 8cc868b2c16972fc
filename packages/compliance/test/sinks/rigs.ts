import { type AuditSink, S3Sink, SplunkSink, StreamSyslogSink, WebhookSink } from "../../src/index.ts";
import { idIn, systemClock } from "./entries.ts";
import { type HttpFault, HttpReceiver, linesOf } from "./http-receiver.ts";
import { type OctetBehaviour, OctetReceiver } from "./octet-receiver.ts";
import { REGION, S3_ACCESS, S3Receiver } from "./s3-receiver.ts";
import { CHANNEL, SplunkReceiver, TOKEN } from "./splunk-receiver.ts";

/** What befalls a receiver. */
export type Fault =
  | { readonly kind: "refused" }
  | { readonly kind: "broken"; readonly http: HttpFault; readonly octets?: OctetBehaviour };

/** A sink and its receiver. */
export interface Rig {
  readonly sink: AuditSink;
  /** The receiver is well from now on. */
  mend(): Promise<void>;
  /** Ids of the records that the receiver has, in their order. Throws when one is not whole. */
  ids(): readonly string[];
  close(): Promise<void>;
}

/** Makes a sink whose receiver is not well. */
export type OpenRig = (fault: Fault) => Promise<Rig>;

export const openTcp: OpenRig = async (fault) => {
  const behaviour = fault.kind === "broken" ? fault.octets : undefined;
  let receiver = await OctetReceiver.start({ ...(behaviour && { behaviour }) });
  const { port } = receiver;
  if (fault.kind === "refused") await receiver.close();
  const sink = new StreamSyslogSink({
    name: "tcp",
    host: "127.0.0.1",
    port,
    settleMs: 50,
    stallTimeoutMs: 300,
    clock: systemClock,
    random: Math.random,
  });
  return {
    sink,
    async mend() {
      if (fault.kind === "refused") receiver = await OctetReceiver.start({ port });
      else receiver.behave({ kind: "accept" });
    },
    ids() {
      if (receiver.violations.length > 0) throw new Error(receiver.violations.join());
      return receiver.messages.map(idIn);
    },
    close: () => receiver.close(),
  };
};

/** A receiver over HTTP with what it has. */
interface HttpEnd {
  readonly http: HttpReceiver;
  lines(): readonly string[];
}

function openHttp(start: (port: number) => Promise<HttpEnd>, sinkTo: (url: URL) => AuditSink): OpenRig {
  return async (fault) => {
    let end = await start(0);
    const { url, port } = end.http;
    if (fault.kind === "refused") await end.http.close();
    else end.http.fail(fault.http);
    return {
      sink: sinkTo(url),
      async mend() {
        if (fault.kind === "refused") end = await start(port);
        else end.http.fail({ kind: "none" });
      },
      ids: () => end.lines().map(idIn),
      close: () => end.http.close(),
    };
  };
}

export const openWebhook: OpenRig = openHttp(
  async (port) => {
    const lines: string[] = [];
    const http = await HttpReceiver.start(
      ({ text }) => {
        lines.push(...linesOf(text));
        return { status: 204 };
      },
      { port },
    );
    return { http, lines: () => lines };
  },
  (url) => new WebhookSink({ name: "webhook", url, mediaType: "application/x-ndjson", clock: systemClock }),
);

export const openSplunk: OpenRig = openHttp(
  async (port) => {
    const splunk = await SplunkReceiver.start(port);
    return { http: splunk.http, lines: () => splunk.indexed };
  },
  (url) =>
    new SplunkSink({ name: "splunk", url, token: TOKEN, channel: CHANNEL, acknowledgement: true, clock: systemClock }),
);

export const openS3: OpenRig = openHttp(
  async (port) => {
    const s3 = await S3Receiver.start("records", port);
    // Names of objects without a sequence sort by time, which is that of the events.
    return { http: s3.http, lines: () => (s3.objects.size === 0 ? [] : s3.lines) };
  },
  (endpoint) =>
    new S3Sink({
      name: "s3",
      endpoint,
      region: REGION,
      bucket: "records",
      pathStyle: true,
      credentials: () => Promise.resolve(S3_ACCESS),
      clock: systemClock,
    }),
);
