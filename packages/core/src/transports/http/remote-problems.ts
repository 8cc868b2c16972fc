import type { OptionProblem } from "../../option-problem.ts";
import type { RemoteOptions, TlsOptions } from "../../options.ts";
import { isPlainHeaderValue } from "./header-values.ts";

/** What is looked at: the keys by which requests and connections are made. */
type RequestOptions = Pick<RemoteOptions, "endpoint" | "headers" | "auth" | "tls">;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Headers that belong to the transport or to the connection: a configured value would contradict what is really sent, and
 * the HTTP client refuses some of them with each request.
 */
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
  "http2-settings",
  "keep-alive",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
  "proxy-connection",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Why requests to a remote server could not be made as the options say, whatever the server is like. */
export function remoteProblems(options: RequestOptions): readonly OptionProblem[] {
  return [
    ...endpointProblems(options),
    ...headerProblems(options),
    ...authProblems(options),
    ...tlsProblems(options.tls ?? {}).map(({ path, message }) => ({ path: ["tls", ...path], message })),
  ];
}

/** Why the options of TLS cannot be used, whatever is in the files. */
export function tlsProblems(tls: Pick<TlsOptions, "cert_file" | "key_file">): readonly OptionProblem[] {
  if ((tls.cert_file === undefined) === (tls.key_file === undefined)) return [];
  const [present, missing] = tls.cert_file === undefined ? ["key_file", "cert_file"] : ["cert_file", "key_file"];
  return [{ path: [present], message: `a client certificate needs both its files: set ${missing} too` }];
}

function endpointProblems({ endpoint, tls }: RequestOptions): readonly OptionProblem[] {
  const url = URL.parse(endpoint);
  // The schema says what a URL is; it reports one that is none.
  if (url === null) return [];
  const problems: OptionProblem[] = [];
  const complain = (message: string): unknown => problems.push({ path: ["endpoint"], message });
  if (url.username !== "" || url.password !== "") {
    complain("the URL must not contain credentials: set auth with type basic instead");
  }
  if (url.port === "0") complain("nothing can listen on port 0: name the port of the server");
  if (tls !== undefined && url.protocol !== "https:") {
    problems.push({ path: ["tls"], message: "the endpoint starts with http://: use https:// or remove tls" });
  }
  return problems;
}

function headerProblems({ headers, auth }: RequestOptions): readonly OptionProblem[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    const message = seen.has(lower)
      ? "the header is there in another spelling too: keep one of them"
      : (objectionTo(lower, name, value) ??
        (lower === "authorization" && auth !== undefined
          ? "both auth and this header are set: keep one of them"
          : undefined));
    seen.add(lower);
    return message === undefined ? [] : [{ path: ["headers", name], message }];
  });
}

function objectionTo(lower: string, name: string, value: string): string | undefined {
  if (!TOKEN.test(name)) return "this is no name of an HTTP header: use letters, digits and hyphens";
  if (RESERVED.has(lower) || lower.startsWith("mcp-param-")) {
    return "MCP Hangar sets this header itself for every request: remove it";
  }
  // The value may be a secret, so the message does not show it.
  if (isPlainHeaderValue(value)) return undefined;
  return "the value is empty or has characters that HTTP headers cannot carry, such as a line break: use printable ASCII";
}

function authProblems({ auth }: RequestOptions): readonly OptionProblem[] {
  if (auth?.type === "basic" && auth.username.includes(":")) {
    return [{ path: ["auth", "username"], message: "a user name with a colon is none to HTTP basic authentication" }];
  }
  if (auth?.type === "bearer" && !isPlainHeaderValue(auth.token)) {
    const message = "the token has characters that HTTP headers cannot carry: is there a line break at its end?";
    return [{ path: ["auth", "token"], message }];
  }
  return [];
}
