import type { RegisteredName } from "./registered-name.ts";
import type { CallerType, ClientTransport } from "./vocabulary.ts";

/** Who makes a call. */
export interface Caller {
  readonly type: CallerType;
  /** The name that people know the caller by. It is admitted by authentication, so it may become the label `principal`. */
  readonly id: RegisteredName;
  readonly roles: readonly string[];
  /**
   * Identity of the credential that proved who the caller is. Whatever belongs to a caller (sessions, stored results,
   * subscriptions, shares of limits) is owned by it: a name can be given to another person, a credential cannot.
   * Two callers are the same exactly when their credentials are equal. No secret; never a label.
   */
  readonly credential: string;
  /**
   * Network address of a caller who was not asked who they are, whose credential is that of all such callers; absent for others.
   * Their shares of limits go by it, because nothing else tells them apart that costs anything. Never a label.
   */
  readonly address?: string | undefined;
  /** What the token says that proved who the caller is; absent without one. */
  readonly token?: TokenIdentity | undefined;
}

/** For whom a token was issued, by whom, and who acts on their behalf. Texts of the token's issuer; never labels. */
export interface TokenIdentity {
  readonly issuer: string;
  readonly subject: string;
  /** Subjects of the claim `act` (RFC 8693 §4.1): who acts now comes first, then on whose behalf that one does. */
  readonly actors: readonly string[];
}

/** Where a request came from, as far as that is known. What a client says of itself is not proved: for records, never for labels. */
export interface Client {
  readonly transport: ClientTransport;
  /** Network address, behind trusted proxies that of the client; `undefined` without a network. */
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** What it calls itself (`clientInfo`). */
  readonly name: string | undefined;
  readonly version: string | undefined;
  /** Revision of MCP that it speaks; `undefined` where it does not speak MCP. */
  readonly protocolVersion: string | undefined;
  /** The session that the gateway has opened for it; `undefined` without one. */
  readonly sessionId: string | undefined;
  /** Id of its JSON-RPC request. */
  readonly rpcId: string | number | undefined;
}

/** A program that calls the gateway as a function. */
export const LIBRARY_CLIENT: Client = {
  transport: "library",
  address: undefined,
  userAgent: undefined,
  name: undefined,
  version: undefined,
  protocolVersion: undefined,
  sessionId: undefined,
  rpcId: undefined,
};

/** Identifiers that the caller sends along for correlation in other systems; never labels. */
export interface Correlation {
  readonly traceId?: string | undefined;
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
}
