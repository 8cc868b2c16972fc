import type { AuditSink, TlsFiles } from "@mcp-hangar/compliance";
import type { Platform } from "@mcp-hangar/core";
import type { BatchLimits } from "@mcp-hangar/delivery";
import type { Logger } from "../logging/logging.ts";
import type { CompliancePackage } from "./create-compliance.ts";
import { formatOf, given } from "./create-format.ts";
import type { SinkOptions, SinkTlsOptions } from "./sink-options.ts";

const DAY_MS = 86_400_000;

interface SinkEnvironment {
  readonly compliance: CompliancePackage;
  readonly platform: Platform;
  readonly logger: Logger;
}

/** What carries the records of a sink, under the name of its exporter. */
export function createSink(options: SinkOptions, exporter: string, environment: SinkEnvironment): AuditSink {
  const { compliance, platform, logger } = environment;
  const { clock } = platform;
  switch (options.type) {
    case "file":
      return new compliance.FileSink({
        name: exporter,
        path: options.path,
        rotation: given({ bytesMax: options.max_bytes, ageMaxMs: times(options.max_age_s, 1_000) }),
        retention: given({ filesMax: options.keep_files, ageMaxMs: times(options.keep_days, DAY_MS) }),
        compress: options.compress_rotated,
        onTrouble: (message) => logger.warning("audit_files_untidy", { sink: options.name, message }),
        clock,
      });
    case "stderr":
      return new compliance.StreamSink({ name: exporter, stream: process.stderr });
    case "syslog":
      return syslogSink(options, exporter, environment);
    case "splunk":
      return new compliance.SplunkSink({
        name: exporter,
        url: new URL(options.url),
        token: options.token,
        // Unlike that of any other gateway and any other run.
        channel: platform.uuid(),
        acknowledgement: options.acknowledgement,
        compress: options.compress,
        ...tlsOf(options.tls),
        clock,
      });
    case "webhook":
      return new compliance.WebhookSink({
        name: exporter,
        url: new URL(options.url),
        mediaType: formatOf(options, compliance).mediaType,
        headers: options.headers,
        secrets: [options.secret, options.previous_secret].filter((secret) => secret !== undefined),
        compress: options.compress,
        ...tlsOf(options.tls),
        clock,
      });
    case "s3":
      return s3Sink(options, exporter, environment);
  }
}

/** How records are put together before they leave; `undefined` where the exporter's own limits will do. */
export function batchOf(options: SinkOptions): BatchLimits | undefined {
  if (options.type !== "s3") return undefined;
  return { recordsMax: 5_000, bytesMax: 5_000_000, delayMs: options.every_s * 1_000 };
}

function syslogSink(
  options: Extract<SinkOptions, { type: "syslog" }>,
  name: string,
  { compliance, platform }: SinkEnvironment,
): AuditSink {
  const { host, transport, tls } = options;
  const port = options.port ?? (transport === "tls" ? 6_514 : 514);
  const { clock } = platform;
  if (transport === "udp") {
    return new compliance.UdpSyslogSink({
      name,
      host,
      port,
      ...given({ datagramBytesMax: options.max_message_bytes }),
      clock,
    });
  }
  return new compliance.StreamSyslogSink({
    name,
    host,
    port,
    ...(transport === "tls" && { tls: tlsOf(tls).tls ?? {} }),
    ...given({ messageBytesMax: options.max_message_bytes }),
    clock,
    random: () => platform.random(),
  });
}

function s3Sink(
  options: Extract<SinkOptions, { type: "s3" }>,
  name: string,
  { compliance, platform }: SinkEnvironment,
): AuditSink {
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = options;
  const { lock_mode: mode, lock_days: days, encryption: algorithm, encryption_key_id: keyId } = options;
  return new compliance.S3Sink({
    name,
    endpoint: new URL(options.endpoint),
    region: options.region,
    bucket: options.bucket,
    prefix: options.prefix,
    pathStyle: options.path_style,
    credentials: async () => ({ accessKeyId, secretAccessKey, ...given({ sessionToken }) }),
    ...(mode !== undefined && days !== undefined && { lock: { mode, retainMs: days * DAY_MS } }),
    ...(algorithm !== undefined && { encryption: { algorithm, ...given({ keyId }) } }),
    conditional: options.conditional,
    ...tlsOf(options.tls),
    clock: platform.clock,
  });
}

function tlsOf(options: SinkTlsOptions | undefined): { readonly tls?: TlsFiles } {
  if (options === undefined) return {};
  const { ca_file: caFile, cert_file: certFile, key_file: keyFile, server_name: serverName } = options;
  return { tls: given({ caFile, certFile, keyFile, serverName }) };
}

function times(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}
