import { isIPv4 } from "node:net";

/** A host and its port as they stand in a Host header or in the authority of a URL. */
export interface HostName {
  /** Lower case, IPv6 without brackets, without a dot at the end. */
  readonly name: string;
  readonly port: string | undefined;
}

/** Parses `name`, `name:port`, `[::1]` and `[::1]:port`; `undefined` for anything else. */
export function parseHost(host: string): HostName | undefined {
  const match = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9._-]{1,253}))(?::(\d{1,5}))?$/i.exec(host);
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? undefined : { name: name.toLowerCase().replace(/\.$/, ""), port: match?.[3] };
}

/** Whether a host name or address can only be this machine. */
export function isLoopback(name: string): boolean {
  const plain = name.toLowerCase().replace(/^\[|\]$/g, "");
  return plain === "localhost" || plain === "::1" || isLoopbackV4(plain) || isLoopbackV4(plain.replace(/^::ffff:/, ""));
}

function isLoopbackV4(name: string): boolean {
  return isIPv4(name) && name.startsWith("127.");
}

/** `host:port` for a URL: IPv6 addresses get their brackets. */
export function authority(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
