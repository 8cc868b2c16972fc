import type { RemoteOptions } from "../../options.ts";
import type { Implementation } from "../../protocol/eras.ts";
import { StartError } from "../session.ts";
import { isPlainHeaderValue } from "./header-values.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Headers that belong to the transport: a configured value would contradict what is really sent. */
const RESERVED: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "baggage",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * The headers of every request, from `headers` and `auth`, as a flat list of names and values. They introduce us by a
 * `User-Agent` unless one is configured, because some gatekeepers refuse requests without.
 * @throws StartError `invalid_options` when a header is reserved, malformed or given twice.
 */
export function staticHeaders(
  options: Pick<RemoteOptions, "headers" | "auth">,
  clientInfo: Implementation,
): readonly string[] {
  const list: string[] = [];
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(options.headers)) {
    const lower = name.toLowerCase();
    check(lower, name, value);
    if (seen.has(lower)) throw refuse(`headers name ${name} twice: keep one of them`);
    seen.add(lower);
    list.push(name, value);
  }
  const userAgent = `${clientInfo.name}/${clientInfo.version}`.replaceAll(" ", "-");
  if (!seen.has("user-agent") && isPlainHeaderValue(userAgent)) list.push("User-Agent", userAgent);
  if (options.auth === undefined) return list;
  if (seen.has("authorization")) {
    throw refuse("both auth and headers.Authorization are set: keep one of them");
  }
  list.push("Authorization", credentials(options.auth));
  return list;
}

function check(lower: string, name: string, value: string): void {
  if (!TOKEN.test(name)) throw refuse(`headers has the key ${JSON.stringify(name)}, which is no HTTP header name`);
  if (RESERVED.has(lower) || lower.startsWith("mcp-param-")) {
    throw refuse(`headers must not set ${name}: MCP Hangar sets it itself for every request. Remove it`);
  }
  // The value may be a secret, so the message names the key only.
  if (!isPlainHeaderValue(value)) {
    throw refuse(`headers.${name} is empty or has characters that HTTP headers cannot carry: use printable ASCII`);
  }
}

function credentials(auth: NonNullable<RemoteOptions["auth"]>): string {
  if (auth.type === "basic") {
    if (auth.username.includes(":")) throw refuse("auth.username has a colon, which HTTP basic authentication forbids");
    return `Basic ${Buffer.from(`${auth.username}:${auth.password}`, "utf8").toString("base64")}`;
  }
  if (!isPlainHeaderValue(auth.token)) {
    throw refuse("auth.token has characters that HTTP headers cannot carry: is there a line break at its end?");
  }
  return `Bearer ${auth.token}`;
}

function refuse(message: string): StartError {
  return new StartError("invalid_options", message);
}
