import type { Caller, Client } from "../participants.ts";
import { CALLER_TYPES, type ClientTransport } from "../vocabulary.ts";
import { AUDIT_WORD_CHARS_MAX, auditCredential, auditText, optionalList, optionalText, present } from "./audit-text.ts";
import { Remembered } from "./remembered.ts";

/** Who did something: a caller, the gateway by itself (`system`), or somebody who has not proved who they are (`unknown`). */
export const AUDIT_ACTOR_TYPES = [...CALLER_TYPES, "system", "unknown"] as const;

/** Who did something, and from where, as far as it is known. */
export interface AuditActor {
  readonly type: (typeof AUDIT_ACTOR_TYPES)[number];
  /** The name that people know the caller by. */
  readonly id?: string;
  /** Identity of the credential, which is never given to another caller; no secret. */
  readonly credential?: string;
  readonly roles?: readonly string[];
  /** Issuer and subject of the token, and who acts on the subject's behalf, the nearest first. */
  readonly token_issuer?: string;
  readonly token_subject?: string;
  readonly token_actors?: readonly string[];
  /** Network address, behind trusted proxies that of the client. */
  readonly address?: string;
  /** What the client says of itself; not proved. */
  readonly user_agent?: string;
  readonly client_name?: string;
  readonly client_version?: string;
  readonly transport?: ClientTransport;
  /** The session of MCP, so that records of one session can be found together. */
  readonly session_id?: string;
}

/** The gateway itself: what happens without being asked for. */
export const SYSTEM_ACTOR: AuditActor = { type: "system" };

/** By session, or else by credential: most records are about somebody who has just been in another. */
const remembered = new Remembered<{
  readonly caller: Caller;
  readonly client: Client;
  readonly actor: AuditActor;
}>();

/**
 * The actor behind a caller and, where it is known, their client. Records of the same caller and client share one, which is frozen, so
 * that what is made of it can be used again.
 */
export function auditActor(caller: Caller, client?: Client): AuditActor {
  if (client === undefined) return actorOf(caller, undefined);
  const key = client.sessionId ?? caller.credential;
  const found = remembered.get(key);
  if (found !== undefined && isSameCaller(found.caller, caller) && isSameClient(found.client, client))
    return found.actor;
  const actor = frozen(actorOf(caller, client));
  remembered.set(key, { caller, client, actor });
  return actor;
}

function isSameCaller(one: Caller, other: Caller): boolean {
  return (
    one === other ||
    (one.id === other.id &&
      one.credential === other.credential &&
      one.type === other.type &&
      one.address === other.address &&
      isSameToken(one.token, other.token) &&
      isSameList(one.roles, other.roles))
  );
}

function isSameToken(one: Caller["token"], other: Caller["token"]): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.issuer === other.issuer && one.subject === other.subject && isSameList(one.actors, other.actors);
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((each, at) => each === other[at]));
}

/** As far as actors have it. */
function isSameClient(one: Client, other: Client): boolean {
  return (
    one.address === other.address &&
    one.userAgent === other.userAgent &&
    one.sessionId === other.sessionId &&
    one.name === other.name &&
    one.version === other.version &&
    one.transport === other.transport
  );
}

function frozen(actor: AuditActor): AuditActor {
  for (const value of Object.values(actor)) Object.freeze(value);
  return Object.freeze(actor);
}

function actorOf(caller: Caller, client: Client | undefined): AuditActor {
  const { type, id, roles, token, address } = caller;
  return {
    type,
    id: auditText(id),
    credential: auditCredential(caller),
    ...present({
      roles: optionalList(roles),
      token_issuer: optionalText(token?.issuer),
      token_subject: optionalText(token?.subject),
      token_actors: optionalList(token?.actors),
      address: optionalText(client?.address ?? address, AUDIT_WORD_CHARS_MAX),
      user_agent: optionalText(client?.userAgent),
      client_name: optionalText(client?.name),
      client_version: optionalText(client?.version),
      transport: client?.transport,
      session_id: optionalText(client?.sessionId),
    }),
  };
}

/** Somebody of whom nothing is known but an address. */
export function unknownActor(address: string | undefined): AuditActor {
  return { type: "unknown", ...present({ address: optionalText(address, AUDIT_WORD_CHARS_MAX) }) };
}
