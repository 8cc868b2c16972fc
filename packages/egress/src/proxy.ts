/** A proxy of HTTP, and how it is asked. */
export interface HttpProxy {
  /** `http:` or `https:`, without credentials. */
  readonly url: URL;
  /** Host and port, for messages. */
  readonly name: string;
  /** Value of `Proxy-Authorization`; `undefined` for a proxy that is given no credentials. A secret. */
  readonly authorization: string | undefined;
  /** What names the proxy: a key of the configuration, or a variable of the environment. */
  readonly source: string;
}

/** What a proxy is read as, or why it cannot be one. */
export type ParsedProxy = { readonly proxy: HttpProxy } | { readonly problem: string };

const WANTED = "http://host:port or https://host:port, with user:password@ before the host if the proxy asks for it";

/**
 * Reads the URL of a proxy as curl does: without a scheme it is `http`, and user and password are percent-encoded. `source` says
 * what names it. Problems never quote the text, which may hold a password.
 */
export function parseProxy(text: string, source: string): ParsedProxy {
  const trimmed = text.trim();
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
  if (url === null || url.hostname === "") return { problem: `is no URL of a proxy: write ${WANTED}` };
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return {
      problem: `names a proxy of the kind ${url.protocol.slice(0, -1)}, which is not supported: write ${WANTED}`,
    };
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return { problem: `has something behind the host of the proxy: write ${WANTED}` };
  }
  const credentials = decoded(url);
  if (credentials === undefined) {
    return { problem: "has a user or password that is not percent-encoded: write %25 for %, %40 for @, %3A for :" };
  }
  url.username = "";
  url.password = "";
  return { proxy: { url, name: nameOf(url), authorization: authorization(credentials), source } };
}

/** The whole URL, credentials included, for clients of others. A secret. */
export function proxyHref({ url, authorization }: HttpProxy): string {
  const whole = new URL(url);
  const credentials = Buffer.from(authorization?.replace(/^Basic /, "") ?? "", "base64").toString();
  const colon = credentials.indexOf(":");
  whole.username = encodeURIComponent(credentials.slice(0, Math.max(colon, 0)));
  whole.password = encodeURIComponent(credentials.slice(colon + 1));
  return whole.href;
}

interface Credentials {
  readonly user: string;
  readonly password: string;
}

function decoded({ username, password }: URL): Credentials | undefined {
  try {
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    return undefined;
  }
}

function authorization({ user, password }: Credentials): string | undefined {
  if (user === "" && password === "") return undefined;
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function nameOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port === "" ? (protocol === "https:" ? "443" : "80") : port}`;
}
