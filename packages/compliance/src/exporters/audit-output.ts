import type { Clock } from "@mcp-hangar/delivery";
import type { AuditFormat } from "../format.ts";
import { SyslogEnvelope, SyslogFormat } from "../formats/syslog.ts";
import type { SyslogOptions } from "../formats/syslog-header.ts";
import type { AuditSink } from "../sink.ts";
import { type CallbackSinkOptions, callbackSink } from "../sinks/callback-sink.ts";
import { FileSink, type FileSinkOptions } from "../sinks/file/file-sink.ts";
import { StreamSink } from "../sinks/stream-sink.ts";
import { StreamSyslogSink } from "../sinks/syslog/stream-syslog-sink.ts";
import { UdpSyslogSink } from "../sinks/syslog/udp-sink.ts";
import type { TlsFiles } from "../sinks/tls-files.ts";

/** Where an exporter writes to, in short. `name` is that of the exporter, and of its sink; without it `file`, `stderr` and so on. */
export type AuditOutput = { readonly name?: string } & (FileOutput | StderrOutput | CallbackOutput | SyslogOutput);

/** A file with a record a line, at this path; `FileSink` has the rest. */
export type FileOutput = { readonly file: string } & Omit<FileSinkOptions, "name" | "path" | "clock">;

export interface StderrOutput {
  readonly stderr: true;
}

/** A function of the program; `callbackSink` says what it may answer. */
export type CallbackOutput = Pick<CallbackSinkOptions, "callback">;

export interface SyslogOutput {
  /**
   * `udp://host:port`, `tcp://host:port` or `tls://host:port`, also as `syslog+udp://` and so on; `syslog://` is TCP. Without a port 514,
   * and over TLS 6514.
   */
  readonly syslog: string;
  /** Of `tls:`; without it public authorities are trusted. */
  readonly tls?: TlsFiles;
  /** What the header says of the sender, where the format is another than that of syslog itself. */
  readonly sender?: SyslogOptions;
}

interface Environment {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** How a format is written there: a message of syslog has a header, whatever it carries. */
export function formatFor(output: AuditOutput, format: AuditFormat): AuditFormat {
  return "syslog" in output && !(format instanceof SyslogFormat) ? new SyslogEnvelope(format, output.sender) : format;
}

/**
 * The sink of an output.
 * @throws RangeError for an address of syslog that is none, or that has no use for `tls`
 */
export function sinkFor(output: AuditOutput, { clock, random }: Environment): AuditSink {
  if ("file" in output) {
    const { file: path, name = "file", ...options } = output;
    return new FileSink({ ...options, name, path, clock });
  }
  if ("stderr" in output) return new StreamSink({ name: output.name ?? "stderr", stream: process.stderr });
  if ("callback" in output) return callbackSink({ name: output.name ?? "callback", callback: output.callback });
  const { syslog, tls, name = "syslog" } = output;
  const { transport, host, port } = addressOf(syslog);
  if (tls !== undefined && transport !== "tls") {
    throw new RangeError(`${syslog} is not encrypted: write tls:// for the options of tls to have a meaning`);
  }
  if (transport === "udp") return new UdpSyslogSink({ name, host, port, clock });
  return new StreamSyslogSink({ name, host, port, ...(transport === "tls" && { tls: tls ?? {} }), clock, random });
}

/** Ports of syslog by IANA. */
const PORTS = { udp: 514, tcp: 514, tls: 6_514 } as const;

/** The schemes of addresses, which the configuration of the gateway takes, too. */
const TRANSPORTS: Readonly<Record<string, keyof typeof PORTS>> = {
  "udp:": "udp",
  "tcp:": "tcp",
  "tls:": "tls",
  "syslog:": "tcp",
  "syslog+udp:": "udp",
  "syslog+tcp:": "tcp",
  "syslog+tls:": "tls",
};

interface Address {
  readonly transport: keyof typeof PORTS;
  readonly host: string;
  readonly port: number;
}

function addressOf(text: string): Address {
  const url = URL.parse(text);
  const transport = url === null ? undefined : TRANSPORTS[url.protocol];
  const isMore =
    url === null || url.username !== "" || url.search !== "" || url.hash !== "" || !/^\/?$/.test(url.pathname);
  if (isMore || url.hostname === "" || transport === undefined) {
    // Not what was written: an address with a password is a mistake that people make.
    throw new RangeError("no address of syslog: write udp://host:port, tcp://host:port or tls://host:port");
  }
  // An address of IPv6 stands in brackets.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { transport, host, port: url.port === "" ? PORTS[transport] : Number(url.port) };
}
