/**
 * How Prometheus gets into the gateway. Secrets are paths of files that Prometheus reads; an empty text stands for what
 * is not used.
 */
export interface ScrapeSettings {
  readonly scheme: "http" | "https";
  /** The header `Authorization: <type> <what is in the file>`, for an API key or a token. */
  readonly authorization: { readonly type: string; readonly credentialsFile: string };
  /** A user name and a password, for a proxy in front of the gateway. Not together with `authorization`. */
  readonly basicAuth: { readonly username: string; readonly passwordFile: string };
  readonly tls: {
    /** Whom to trust, where the system does not know the certificate's issuer. */
    readonly caFile: string;
    /** The own certificate and its key, where the gateway or its proxy asks for one. Both or none. */
    readonly certFile: string;
    readonly keyFile: string;
    /** The name in the gateway's certificate, where it is not the one that is scraped. */
    readonly serverName: string;
  };
}

/** The gateway as it is after `mcp-hangar serve --http` on the same machine: no TLS, nobody is asked who they are. */
export const defaultScrapeSettings: ScrapeSettings = {
  scheme: "http",
  authorization: { type: "Bearer", credentialsFile: "" },
  basicAuth: { username: "", passwordFile: "" },
  tls: { caFile: "", certFile: "", keyFile: "", serverName: "" },
};
