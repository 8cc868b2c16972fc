import { execFileSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { TlsOptions } from "node:tls";
import type { Clock } from "@mcp-hangar/delivery";
import {
  type AuditSink,
  callbackSink,
  FileSink,
  S3Sink,
  SplunkSink,
  StreamSyslogSink,
  type TlsFiles,
  UdpSyslogSink,
  WebhookSink,
} from "../../src/index.ts";
import { idIn, systemClock } from "./entries.ts";
import { type HttpFault, HttpReceiver, linesOf } from "./http-receiver.ts";
import { type OctetBehaviour, OctetReceiver } from "./octet-receiver.ts";
import { REGION, S3_ACCESS, S3Receiver } from "./s3-receiver.ts";
import { CHANNEL, SplunkReceiver, TOKEN } from "./splunk-receiver.ts";

/** What befalls a receiver. */
export type Fault =
  | { readonly kind: "none" }
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

/** Makes a sink whose receiver is not well. Its clock is that of the process unless it is told another. */
export type OpenRig = (fault: Fault, clock?: Clock) => Promise<Rig>;

export const openTcp: OpenRig = openStream();

/** Syslog over TCP, or over TLS with these certificates. */
export function openStream(tls?: { readonly server: TlsOptions; readonly client: TlsFiles }): OpenRig {
  const secured = tls === undefined ? {} : { tls: tls.server };
  return async (fault, clock = systemClock) => {
    const behaviour = fault.kind === "broken" ? fault.octets : undefined;
    let receiver = await OctetReceiver.start({ ...secured, ...(behaviour && { behaviour }) });
    const { port } = receiver;
    if (fault.kind === "refused") await receiver.close();
    const sink = new StreamSyslogSink({
      name: "tcp",
      host: "127.0.0.1",
      port,
      ...(tls !== undefined && { tls: tls.client }),
      settleMs: 50,
      stallTimeoutMs: 300,
      clock,
      random: Math.random,
    });
    return {
      sink,
      async mend() {
        if (fault.kind === "refused") receiver = await OctetReceiver.start({ ...secured, port });
        else receiver.behave({ kind: "accept" });
      },
      ids() {
        if (receiver.violations.length > 0) throw new Error(receiver.violations.join());
        return receiver.messages.map(idIn);
      },
      close: () => receiver.close(),
    };
  };
}

/** Nobody reads what the receiver throws away, as one that is too slow does. */
export const openUdp: OpenRig = async (fault, clock = systemClock) => {
  const ids: string[] = [];
  const open = async (port: number): Promise<Socket> => {
    const socket = createSocket({ type: "udp4", recvBufferSize: 1_000_000 });
    if (fault.kind !== "broken") socket.on("message", (message) => ids.push(idIn(message.toString())));
    socket.bind(port, "127.0.0.1");
    await once(socket, "listening");
    return socket;
  };
  let socket = await open(0);
  const { port } = socket.address();
  if (fault.kind === "refused") await closed(socket);
  return {
    sink: new UdpSyslogSink({ name: "udp", host: "127.0.0.1", port, clock }),
    async mend() {
      if (fault.kind === "refused") socket = await open(port);
    },
    ids: () => ids,
    close: () => closed(socket),
  };
};

async function closed(socket: Socket): Promise<void> {
  socket.close();
  await once(socket, "close");
}

export const openCallback: OpenRig = async (fault) => {
  let current: Fault = fault;
  const ids: string[] = [];
  return {
    sink: callbackSink({
      name: "callback",
      async callback(entries, signal) {
        if (current.kind === "refused") throw new Error("not now");
        if (current.kind === "broken" && current.http.kind === "hang") return await aborted(signal);
        if (current.kind === "broken" && current.http.kind === "slow") await delay(current.http.delayMs);
        ids.push(...entries.map(({ text }) => idIn(text)));
      },
    }),
    async mend() {
      current = { kind: "none" };
    },
    ids: () => ids,
    close: async () => {},
  };
};

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/** What befalls a file. */
export type FileFault = "none" | "disk_full" | "read_only" | "renamed";

/** A file in a folder; where the disk is at fault, on one of its own, of 256 KB. */
export async function openFile(fault: FileFault, folder: string, clock: Clock = systemClock): Promise<Rig> {
  const hasDisk = fault === "disk_full" || fault === "read_only";
  const ballast = join(folder, "ballast");
  if (hasDisk) execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder]);
  if (fault === "disk_full") writeFileSync(ballast, Buffer.alloc(250_000));
  if (fault === "read_only") execFileSync("mount", ["-o", "remount,ro", folder]);
  const sink = new FileSink({ name: "file", path: join(folder, "audit.log"), clock });
  let kept = 0;
  const renaming =
    fault === "renamed"
      ? setInterval(() => {
          const path = join(folder, "audit.log");
          if (!existsSync(path) || statSync(path).size === 0) return;
          renameSync(path, join(folder, `kept-${String(++kept).padStart(4, "0")}`));
          if (kept % 2 === 0) sink.reopen();
        }, 5)
      : undefined;
  return {
    sink,
    async mend() {
      clearInterval(renaming);
      if (fault === "disk_full") rmSync(ballast);
      if (fault === "read_only") execFileSync("mount", ["-o", "remount,rw", folder]);
    },
    ids() {
      const names = readdirSync(folder).filter((name) => name.startsWith("kept-"));
      const files = [...names.toSorted(), ...(existsSync(join(folder, "audit.log")) ? ["audit.log"] : [])];
      return files.flatMap((name) => linesOf(readFileSync(join(folder, name), "utf8")).map(idIn));
    },
    async close() {
      clearInterval(renaming);
      if (hasDisk) execFileSync("umount", [folder]);
    },
  };
}

/** A receiver over HTTP with what it has. */
interface HttpEnd {
  readonly http: HttpReceiver;
  lines(): readonly string[];
}

function openHttp(start: (port: number) => Promise<HttpEnd>, sinkTo: (url: URL, clock: Clock) => AuditSink): OpenRig {
  return async (fault, clock = systemClock) => {
    let end = await start(0);
    const { url, port } = end.http;
    if (fault.kind === "refused") await end.http.close();
    else if (fault.kind === "broken") end.http.fail(fault.http);
    return {
      sink: sinkTo(url, clock),
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
  (url, clock) => new WebhookSink({ name: "webhook", url, mediaType: "application/x-ndjson", clock }),
);

export const openSplunk: OpenRig = openHttp(
  async (port) => {
    const splunk = await SplunkReceiver.start(port);
    return { http: splunk.http, lines: () => splunk.indexed };
  },
  (url, clock) => new SplunkSink({ name: "splunk", url, token: TOKEN, channel: CHANNEL, acknowledgement: true, clock }),
);

export const openS3: OpenRig = openHttp(
  async (port) => {
    const s3 = await S3Receiver.start("records", port);
    // Names of objects without a sequence sort by time, which is that of the events.
    return { http: s3.http, lines: () => (s3.objects.size === 0 ? [] : s3.lines) };
  },
  (endpoint, clock) =>
    new S3Sink({
      name: "s3",
      endpoint,
      region: REGION,
      bucket: "records",
      pathStyle: true,
      credentials: () => Promise.resolve(S3_ACCESS),
      clock,
    }),
);
