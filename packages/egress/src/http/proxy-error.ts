import type { HttpProxy } from "../proxy.ts";

/** What a proxy did instead of its work. */
export type ProxyErrorCode =
  /** No connection to it came about. */
  | "PROXY_UNREACHABLE"
  /** It is spoken to over TLS, which failed. */
  | "PROXY_TLS_FAILED"
  /** It did not answer in time. */
  | "PROXY_SILENT"
  /** It answers, but not as a proxy does. */
  | "PROXY_UNREADABLE"
  /** It wants credentials, or others. */
  | "PROXY_AUTH_REQUIRED"
  /** It does not let connections to this host through. */
  | "PROXY_REFUSED"
  /** It could not reach the host. */
  | "PROXY_UPSTREAM_FAILED";

/** A connection did not come about because of the proxy on its way. `message` says what happened and what to do, and holds no secret. */
export class ProxyError extends Error {
  readonly code: ProxyErrorCode;

  constructor(code: ProxyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ProxyError";
    this.code = code;
  }

  /** The proxy answered with a status that is no tunnel. `target` is host and port behind it. */
  static status(proxy: HttpProxy, target: string, status: number, reason = ""): ProxyError {
    const said = `${status} ${reason.replace(/\p{Cc}/gu, "").slice(0, 100)}`.trim();
    const where = named(proxy);
    if (status === 407) {
      const what =
        proxy.authorization === undefined ? "asks for user and password" : "does not accept user and password";
      const todo = `write them into ${proxy.source} as http://user:password@host:port, percent-encoded`;
      return new ProxyError("PROXY_AUTH_REQUIRED", `${where} ${what} (${said}): ${todo}`);
    }
    if (status >= 500) {
      const message = `${where} could not reach ${target} (${said}): check the host, or whether the proxy may and can reach it`;
      return new ProxyError("PROXY_UPSTREAM_FAILED", message);
    }
    if (status >= 200 && status < 300) {
      return new ProxyError(
        "PROXY_UNREADABLE",
        `${where} answers ${said} and opens no tunnel to ${target}: is it a proxy?`,
      );
    }
    const message = `${where} refuses connections to ${target} (${said}): ask those who run the proxy to allow it, or name the host in ${exceptions(proxy)} if it can be reached without a proxy`;
    return new ProxyError("PROXY_REFUSED", message);
  }

  /** There was no answer at all. */
  static silent(proxy: HttpProxy, target: string, seconds: number): ProxyError {
    const message = `${named(proxy)} did not open a tunnel to ${target} within ${seconds} s: check whether it is overloaded, and whether ${target} can be reached from there`;
    return new ProxyError("PROXY_SILENT", message);
  }

  /** The connection to the proxy itself failed. */
  static connection(proxy: HttpProxy, cause: Error): ProxyError {
    if (cause instanceof ProxyError) return cause;
    const code = codeOf(cause);
    const what = code === undefined || cause.message.includes(code) ? cause.message : `${cause.message} (${code})`;
    const said = `${named(proxy)} cannot be used: ${what}`;
    const options = { cause };
    if (code?.startsWith("HPE_") === true) {
      return new ProxyError(
        "PROXY_UNREADABLE",
        `${said}. Is it a proxy for HTTP, and its URL http:// or https:// as it is spoken to?`,
        options,
      );
    }
    if (proxy.url.protocol === "https:" && !UNREACHABLE.has(code ?? "")) {
      const todo =
        "Add its authority with egress.ca_file, or write http:// if the proxy itself is spoken to without TLS";
      return new ProxyError("PROXY_TLS_FAILED", `${said}. ${todo}`, options);
    }
    return new ProxyError(
      "PROXY_UNREACHABLE",
      `${said}. Check host and port in ${proxy.source}, and that the proxy runs`,
      options,
    );
  }
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
]);

function named({ name, source }: HttpProxy): string {
  return `the proxy ${name} (${source})`;
}

function exceptions({ source }: HttpProxy): string {
  return source.startsWith("egress.") ? "egress.proxy.no_proxy" : "NO_PROXY";
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
