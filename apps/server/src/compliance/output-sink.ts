import type { RecordFormat } from "./record-formats.ts";
import { type SinkOptions, sinkOptions } from "./sink-options.ts";

/** The name of the sink that `compliance.output` makes. */
export const OUTPUT_SINK = "output";

/** The schemes that `AuditOutput` of the package takes, which is not loaded to read a configuration. */
const TRANSPORTS: Readonly<Record<string, "tcp" | "udp" | "tls">> = {
  "udp:": "udp",
  "tcp:": "tcp",
  "tls:": "tls",
  "syslog:": "tcp",
  "syslog+tcp:": "tcp",
  "syslog+udp:": "udp",
  "syslog+tls:": "tls",
};

/** What is wrong with an output, and what can be written instead. */
export class OutputProblem extends Error {}

/**
 * The sink that one line describes: `stderr`, `syslog://host:port` (also `syslog+udp` and `syslog+tls`, or `udp`, `tcp` and `tls`
 * alone), or the path of a file.
 * @throws OutputProblem
 */
export function sinkOfOutput(output: string, format: RecordFormat | undefined): SinkOptions {
  return sinkOptions.parse({ name: OUTPUT_SINK, format, ...placeOf(output) });
}

function placeOf(output: string): Readonly<Record<string, unknown>> {
  if (output === "stderr") return { type: "stderr" };
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(output)) return { type: "file", path: output };
  const url = URL.parse(output);
  const transport = url === null ? undefined : TRANSPORTS[url.protocol];
  if (url === null || transport === undefined) {
    throw new OutputProblem(
      "no output; write stderr, a path, or syslog://host:port, syslog+udp://host:port, syslog+tls://host:port",
    );
  }
  const isMore = url.username !== "" || url.search !== "" || url.hash !== "" || !["", "/"].includes(url.pathname);
  if (url.hostname === "" || isMore) {
    throw new OutputProblem(`more or less than a host and a port; write ${url.protocol}//host:port`);
  }
  // An address of IPv6 stands in brackets.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { type: "syslog", transport, host, ...(url.port !== "" && { port: Number(url.port) }) };
}
