import { once } from "node:events";
import { request } from "node:http";
import type { GatewayConfig } from "../gateway-process.ts";

/** A kind of caller, as those who look at records see it. */
export interface Walker {
  /** Its name in records. */
  readonly name: string;
  /** Fresh for each request, as tokens run out. */
  readonly headers: () => Headers | Promise<Headers>;
  readonly may: (permission: string) => boolean;
  readonly reaches: (server: string) => boolean;
  /** Why nobody is let in with these credentials; absent when they are good. */
  readonly refusedFor?: string;
}

export type Headers = Readonly<Record<string, string>>;

/** Something that a caller can do. */
export interface Step {
  readonly what: string;
  /** What the interface asks for before it looks at what is asked; empty when that is nothing. */
  readonly permission: string;
  /** Why nobody gets as far as being asked who they are; absent when it is asked. */
  readonly deniedFor?: "origin" | "host";
  /** The server whose own endpoint is asked; absent for everything else. */
  readonly server?: string;
  readonly act: (headers: Headers) => Promise<unknown>;
  /** What it causes when the caller is let in, in short and in order. */
  readonly facts: (walker: Walker) => readonly string[];
}

/** What a step causes when this walker takes it. */
export function factsOf({ permission, deniedFor, server, facts }: Step, walker: Walker): readonly string[] {
  if (deniedFor !== undefined) return [`access.denied ${deniedFor} unknown`];
  if (walker.refusedFor !== undefined) return [`authentication.failed ${walker.refusedFor} unknown`];
  if (permission !== "" && !walker.may(permission)) return [`access.denied permission ${walker.name}`];
  if (server !== undefined && !walker.reaches(server)) return [`access.denied not_reached ${walker.name}`];
  return facts(walker);
}

/** The fleet that is walked through. */
export const SERVER = "fixture";
export const GROUP = "pool";
/** A server that not every walker reaches. */
export const HIDDEN = "hidden";

/** Its configuration; `endpoint` is that of the conformance fixture. */
export function fleetOf(endpoint: string, hidden: Readonly<Record<string, unknown>>): GatewayConfig["mcp_servers"] {
  return {
    [SERVER]: { mode: "remote", endpoint },
    [GROUP]: { mode: "group", members: [{ id: SERVER }] },
    [HIDDEN]: hidden,
  };
}

/** Sends the head of a request, and leaves when it is answered, or asked for its body. */
export async function announceAndLeave(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const asked = request(url, { method, headers });
  const answered = Promise.race([once(asked, "response"), once(asked, "continue")]);
  asked.flushHeaders();
  await answered;
  // Who leaves hears that as an error.
  asked.on("error", () => {}).destroy();
}

/** Makes a request whose answer may be a stream that does not end by itself, and leaves when it begins. */
export async function openAndLeave(url: string, init: RequestInit): Promise<void> {
  const left = new AbortController();
  await fetch(url, { ...init, signal: left.signal });
  left.abort();
}
