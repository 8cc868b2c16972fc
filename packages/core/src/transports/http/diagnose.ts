import { StartError } from "../session.ts";
import { describeError, describeStatus, errorCode } from "./failures.ts";
import type { HttpClient } from "./http-client.ts";
import type { Ending } from "./message-exchange.ts";

const DNS_CODES: ReadonlySet<string> = new Set(["ENOTFOUND", "EAI_AGAIN", "EAI_FAIL", "ENODATA"]);
const UNREACHABLE_CODES: ReadonlySet<string> = new Set([
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const UNTRUSTED_CODES: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_UNTRUSTED",
]);

/** Where a server is, and what is in between. */
export type Place = Pick<HttpClient, "endpoint" | "proxy">;

/** Explains why `method` of a handshake got no answer that can be used, and what to do about it. */
export function diagnose(ending: Ending, method: string, { endpoint, proxy }: Place): StartError {
  switch (ending.kind) {
    case "broken":
      return connectionError(ending.error, { endpoint, proxy });
    case "status":
      return statusError(ending, method, { endpoint, proxy });
    case "unreadable":
    case "too_large":
      return notMcp(`it answered ${method} with something that is not MCP: ${ending.reason}`, endpoint);
    case "complete":
      return ending.stream
        ? new StartError(
            "connection_lost",
            `${endpoint.href} ended its event stream before it answered ${method}. Is it overloaded, or a proxy in between?`,
          )
        : notMcp(`it answered ${method} with HTTP ${ending.status} and no JSON-RPC response`, endpoint);
  }
}

/** The server is there, but it does not speak MCP at this address. */
export function notMcp(what: string, endpoint: URL): StartError {
  return new StartError(
    "not_mcp",
    `${endpoint.href} is no MCP endpoint over Streamable HTTP: ${what}. ${pathHint(endpoint)}`,
  );
}

/** The server is there, but it does not speak HTTP+SSE at this address. */
export function notSse(what: string, endpoint: URL): StartError {
  const hint = "Is the path right? Endpoints of HTTP+SSE usually end in /sse, those of Streamable HTTP in /mcp";
  return new StartError("not_mcp", `${endpoint.href} is no MCP endpoint over HTTP+SSE: ${what}. ${hint}`);
}

/** What a start fails with when the proxy is to blame, by the code of its error; see `ProxyError` of egress. */
const PROXY_CODES: Readonly<Record<string, string>> = {
  PROXY_AUTH_REQUIRED: "proxy_auth_failed",
  PROXY_REFUSED: "proxy_refused",
};

function connectionError(error: Error, { endpoint, proxy }: Place): StartError {
  const code = errorCode(error) ?? "";
  const options = { cause: error };
  const { host, hostname, origin } = endpoint;
  if (code.startsWith("PROXY_")) return new StartError(PROXY_CODES[code] ?? "proxy_failed", error.message, options);
  if (code === "ECONNREFUSED") {
    const message = `nothing listens at ${host} (ECONNREFUSED). Is the server running, and are host and port of the endpoint right?`;
    return new StartError("connection_refused", message, options);
  }
  if (code === "ADDRESS_REFUSED") return new StartError("address_refused", error.message, options);
  if (DNS_CODES.has(code)) {
    return new StartError(
      "dns_failed",
      `the name ${hostname} does not resolve (${code}). Check the host of the endpoint and DNS${proxy === undefined ? "" : ", or set egress.guarded_names to proxy where only the proxy resolves names and keeps inner addresses to itself"}`,
      options,
    );
  }
  if (UNREACHABLE_CODES.has(code)) {
    const message = `${host} cannot be reached${throughProxy(proxy)} (${code}). Check the address, routes and firewalls between here and there`;
    return new StartError("timeout", message, options);
  }
  const advice = tlsAdvice(code, error, endpoint);
  if (advice !== undefined) {
    return new StartError(
      "tls_failed",
      `TLS with ${host}${throughProxy(proxy)} failed: ${describeError(error)}. ${advice}`,
      options,
    );
  }
  // Servers that want a client certificate may just hang up: since TLS 1.3 they decide after the handshake.
  const wish =
    endpoint.protocol === "https:" ? ", or set tls.cert_file and tls.key_file if it wants a client certificate" : "";
  const message = `the connection to ${origin}${throughProxy(proxy)} broke during the handshake: ${describeError(error)}. Look into the server's log${wish}`;
  return new StartError("connection_lost", message, options);
}

function throughProxy(proxy: Place["proxy"]): string {
  return proxy === undefined ? "" : ` through the proxy ${proxy.name}`;
}

function tlsAdvice(code: string, error: Error, endpoint: URL): string | undefined {
  if (UNTRUSTED_CODES.has(code))
    return "Set tls.ca_file to the certificate of the authority that signed the server's, or egress.ca_file if it is that of a proxy that looks into TLS";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return "Set tls.server_name to a name that the certificate has, or correct the host of the endpoint";
  }
  if (code === "CERT_HAS_EXPIRED") return "Renew the server's certificate";
  if (code === "CERT_NOT_YET_VALID") return "Compare the clocks of both machines";
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|UNKNOWN_CA/i.test(`${code} ${error.message}`)) {
    return "The server wants a client certificate it trusts: set tls.cert_file and tls.key_file";
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/i.test(code)) {
    return `Does the server speak plain HTTP? Then the endpoint starts with http://${endpoint.host}`;
  }
  if (/^ERR_(SSL|TLS|OSSL)|^EPROTO$|^CERT_|^ERR_CRYPTO/.test(code)) return "Check the tls options of the server";
  return undefined;
}

function statusError(
  ending: Extract<Ending, { kind: "status" }>,
  method: string,
  { endpoint, proxy }: Place,
): StartError {
  const { status } = ending;
  const said = `${endpoint.href}${throughProxy(proxy)} answered ${method} with ${describeStatus(ending)}`;
  if (status === 401 || status === 403 || status === 407) {
    return new StartError(
      "auth_failed",
      `${said}. Set auth (bearer or basic) or headers to credentials that the server accepts`,
    );
  }
  if (status === 404 || status === 410) {
    return new StartError("not_found", `${said}. ${pathHint(endpoint)}`);
  }
  if (status >= 300 && status < 400) return new StartError("redirected", said);
  if (status === 429 || status === 503)
    return new StartError("overloaded", `${said}. Try again later, or look into the server's log`);
  if (status >= 500) return new StartError("upstream_error", `${said}. Look into the server's log`);
  return new StartError("not_mcp", `${said}. ${pathHint(endpoint)}`);
}

function pathHint(endpoint: URL): string {
  if (endpoint.pathname.replace(/\/$/, "").endsWith("/sse")) {
    return "The path suggests the HTTP+SSE transport of 2024: set transport to auto or sse if the server speaks it, or try the same server at /mcp";
  }
  return "Is the path right? MCP endpoints usually end in /mcp";
}
