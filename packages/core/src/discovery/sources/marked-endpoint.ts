import { isIP, isIPv6 } from "node:net";
import type { DiscoveredServer } from "../source.ts";

/** A port that an object offers. */
export interface OfferedPort {
  readonly name?: string | undefined;
  readonly port: number;
}

/** An object that somebody marked as an MCP server, by labels or annotations. */
export interface MarkedObject {
  /** Full key of a mark, such as `mcp.hangar.port`. */
  readonly key: (mark: Mark) => string;
  /** Value of a mark, unchecked. */
  readonly value: (mark: Mark) => string | undefined;
  /** Its own name, which the server gets when no mark says otherwise. */
  readonly name: string;
  /** For people. */
  readonly location: string;
  /** Host name or IP address, from the engine and not from a mark; `undefined` when there is none. */
  readonly host: string | undefined;
  /** TCP ports. */
  readonly ports: readonly OfferedPort[];
  /** What to do about an object without a host. */
  readonly withoutHost: string;
}

/** What can be marked. */
export type Mark = "enable" | "name" | "port" | "path" | "scheme";

/** Path of an MCP endpoint when no mark says otherwise. */
const DEFAULT_PATH = "/mcp";

/** Characters of a value that are quoted in a problem. */
const QUOTED_LENGTH = 100;

/** Absolute paths in the characters that RFC 3986 allows in one, without query and fragment. */
const PATH = /^\/[\w\-.~!$&'()*+,;=:@%/]{0,1023}$/;

/** Announces the MCP endpoint of a marked object; marks that cannot be used become its problem. */
export function announce(object: MarkedObject): DiscoveredServer {
  const server = {
    name: object.value("name") ?? object.name,
    location: object.location.replaceAll(/\p{Cc}/gu, "?"),
  };
  try {
    return { ...server, options: { mode: "remote", endpoint: endpointOf(object) } };
  } catch (error) {
    if (!(error instanceof MarkError)) throw error;
    return { ...server, options: undefined, problem: error.message };
  }
}

/** Whether an object is marked as a server at all. Only one value counts, so that no typing error opens a door. */
export function isEnabled(value: string | undefined): boolean {
  return value === "true";
}

/** Names of hosts in the characters that DNS has; others could end the host of a URL early. */
const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

class MarkError extends Error {}

function endpointOf(object: MarkedObject): string {
  const scheme = object.value("scheme") ?? "http";
  if (scheme !== "http" && scheme !== "https") throw refuse(object, "scheme", 'it is neither "http" nor "https"');
  const path = object.value("path") ?? DEFAULT_PATH;
  if (!PATH.test(path)) throw refuse(object, "path", 'it is no path such as "/mcp"');
  const port = portOf(object);
  const { host } = object;
  if (host === undefined || host === "") throw new MarkError(`it has no address. ${object.withoutHost}`);
  if (isIP(host) === 0 && !HOST_NAME.test(host)) {
    throw new MarkError(`its address ${JSON.stringify(host.slice(0, QUOTED_LENGTH))} is no name of a host`);
  }
  return `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}${path}`;
}

function portOf(object: MarkedObject): number {
  const { ports } = object;
  const text = object.value("port");
  if (text !== undefined) {
    const named = ports.find(({ name }) => name === text);
    const port = named?.port ?? (/^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0);
    if (port < 1 || port > 65_535) throw refuse(object, "port", "it is no port from 1 to 65535, nor the name of one");
    return port;
  }
  const [first, ...others] = ports;
  const chosen = ports.find(({ name }) => name === "mcp") ?? (others.length === 0 ? first : undefined);
  if (chosen !== undefined) return chosen.port;
  const offered =
    ports.length === 0
      ? "no port"
      : `the ports ${ports
          .map(({ port }) => port)
          .slice(0, 10)
          .join(", ")}`;
  throw new MarkError(`it offers ${offered}: say which one is meant in ${object.key("port")}`);
}

function refuse(object: MarkedObject, mark: Mark, why: string): MarkError {
  const value = JSON.stringify((object.value(mark) ?? "").slice(0, QUOTED_LENGTH));
  return new MarkError(`${object.key(mark)} is ${value}, and ${why}`);
}
