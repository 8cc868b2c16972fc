import { CLIENT_TRANSPORTS, DECISIONS } from "../vocabulary.ts";
import { AUDIT_ACTOR_TYPES } from "./audit-actor.ts";
import { AUDIT_CHECKPOINT_REASONS, AUDIT_GAP_REASONS } from "./audit-journal.ts";
import { AUDIT_CAPTURE_OMISSIONS, AUDIT_SCHEMA_VERSION, AUDIT_TARGET_KINDS } from "./audit-record.ts";
import { AUDIT_LIST_MAX, AUDIT_MESSAGE_CHARS_MAX, AUDIT_NAME_CHARS_MAX, AUDIT_WORD_CHARS_MAX } from "./audit-text.ts";
import { AUDIT_CATEGORIES, AUDIT_OUTCOMES, AUDIT_TYPES } from "./audit-types.ts";

type Schema = Readonly<Record<string, unknown>>;

/** The JSON Schema (draft 2020-12) of audit records. It is closed: a record has no field that does not stand here. */
export const AUDIT_RECORD_SCHEMA: Schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: `urn:mcp-hangar:audit-record:${AUDIT_SCHEMA_VERSION}`,
  title: "Audit record of MCP Hangar",
  ...closed(
    {
      schema_version: { const: AUDIT_SCHEMA_VERSION, description: "Version of the shape of records." },
      id: { type: "string", minLength: 1, description: "Id of the event: the same in every export." },
      time: {
        type: "string",
        pattern: "^[-+]?\\d{4,6}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$",
        description: "When it happened: ISO 8601 in UTC, with milliseconds.",
      },
      instance: name("The gateway that writes the record."),
      type: { enum: Object.keys(AUDIT_TYPES), description: "What happened." },
      code: { enum: Object.values(AUDIT_TYPES).map(({ code }) => code), description: "The same, short and stable." },
      category: { enum: AUDIT_CATEGORIES, description: "What it is about." },
      action: word("The verb: `call`, the method of MCP, or the name of the operation."),
      outcome: {
        enum: AUDIT_OUTCOMES,
        description: "How it ended; `unknown` is what was accepted, and whose end the gateway has not seen.",
      },
      reason: word("Why, in one word."),
      severity: { type: "integer", minimum: 0, maximum: 10, description: "From 0, of no interest, to 10." },
      actor: closed(
        {
          type: {
            enum: AUDIT_ACTOR_TYPES,
            description: "`system` is the gateway by itself, `unknown` somebody who has not proved who they are.",
          },
          id: name("The name that people know the caller by."),
          credential: name("Identity of the credential; no secret, and never given to another caller."),
          roles: list(word("A role.")),
          token_issuer: name("Issuer of the token."),
          token_subject: name("Subject of the token."),
          token_actors: list(word("Who acts on the subject's behalf, the nearest first.")),
          address: word("Network address; behind trusted proxies that of the client."),
          user_agent: name("What the client says of itself over HTTP."),
          client_name: name("What the client calls itself in MCP."),
          client_version: name("Its version, as it says."),
          transport: { enum: CLIENT_TRANSPORTS, description: "What carried the request." },
          session_id: name("The session of MCP."),
        },
        ["type"],
      ),
      target: closed(
        {
          kind: { enum: AUDIT_TARGET_KINDS, description: "What kind of thing was acted on." },
          server: name("The server; as the caller typed it where there is none of that name."),
          group: name("The group that was called, where `server` is its member."),
          name: name("The tool, URI, prompt, key or interface."),
        },
        ["kind"],
      ),
      decision: closed({ result: { enum: DECISIONS }, by: name("The role, permission or limit that decided.") }, [
        "result",
        "by",
      ]),
      trace_id: word("Trace, 32 hexadecimal digits."),
      span_id: word("Span, 16 hexadecimal digits."),
      correlation_id: name("What the caller calls their trace."),
      user_id: name("What the caller calls their user; not proved."),
      user_session_id: name("What the caller calls their session; not proved."),
      duration_ms: { type: "number", description: "How long it took, in milliseconds." },
      attempts: list(
        closed(
          {
            server: name("The server that was asked."),
            code: word("`success`, or why it failed."),
            duration_ms: { type: "number", description: "Waiting, start and the time at the server together." },
          },
          ["server", "code", "duration_ms"],
        ),
      ),
      request_bytes: bytes("Size of all messages to servers."),
      response_bytes: bytes("Size of all messages from servers."),
      rpc_error_code: { type: "number", description: "Code of the server's JSON-RPC error." },
      args_hash: {
        type: "string",
        pattern: "^[0-9a-f]{64}$",
        description:
          "Digest by which equal arguments are recognised: HMAC-SHA-256 of them as canonical JSON, by `args_hash_key`; absent without a key, and where nothing or more than 64 KiB was sent.",
      },
      batch: closed(
        {
          id: name("The batch that the call was part of."),
          index: { type: "integer", minimum: 0, description: "Position in the batch." },
          attempt: { type: "integer", minimum: 1, description: "Which attempt of the batch at this item it was." },
        },
        ["id", "index", "attempt"],
      ),
      usage: closed(
        {
          cost: { type: "number", minimum: 0, description: "What the server says that the call has cost." },
          currency: word("Its currency, by ISO 4217."),
          model: name("The model that the server names."),
          input_tokens: { type: "integer", minimum: 0, description: "Tokens that the server says to have read." },
          output_tokens: { type: "integer", minimum: 0, description: "Tokens that the server says to have written." },
        },
        [],
      ),
      change: closed({ before: message("What there was."), after: message("What there is now.") }, []),
      captured: closed(
        {
          arguments: jwe("What the call was given, encrypted: compact JWE (RFC 7516) of JSON."),
          result: jwe("What the call gave back, encrypted."),
          omitted: {
            enum: AUDIT_CAPTURE_OMISSIONS,
            description:
              "Why one of them is missing: larger than `max_bytes`, too much was under way, or it could not be encrypted.",
          },
        },
        [],
      ),
      gap: closed(
        {
          reason: { enum: AUDIT_GAP_REASONS, description: "Why records are missing." },
          count: { type: "integer", minimum: 1, description: "How many are missing; absent where nobody knows." },
          from: { type: "integer", minimum: 1, description: "Sequence number of the first that is missing." },
          to: { type: "integer", minimum: 1, description: "Sequence number of the last that is missing." },
          since: { type: "string", description: "When the first was lost that never had a number." },
          until: { type: "string", description: "When the last was lost that never had a number." },
        },
        ["reason"],
      ),
      checkpoint: closed(
        {
          journal: word("Identity of the journal, 32 hexadecimal digits."),
          sequence: { type: "integer", minimum: 0, description: "Sequence number of the record before this one." },
          hash: word("Its SHA-256, 64 hexadecimal digits: it covers everything before."),
          reason: { enum: AUDIT_CHECKPOINT_REASONS, description: "Why the journal signs now." },
          key: word("Identity of the key: the first 16 hexadecimal digits of the SHA-256 of its SubjectPublicKeyInfo."),
          signature: word("Ed25519, in base64url, over this record by RFC 8785 without its signature."),
        },
        ["journal", "sequence", "hash", "reason", "key", "signature"],
      ),
      message: message("What happened, in words."),
    },
    [
      "schema_version",
      "id",
      "time",
      "instance",
      "type",
      "code",
      "category",
      "action",
      "outcome",
      "severity",
      "actor",
      "target",
    ],
  ),
};

function closed(properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema {
  return { type: "object", properties, required, additionalProperties: false };
}

function list(items: Schema): Schema {
  return { type: "array", items, minItems: 1, maxItems: AUDIT_LIST_MAX };
}

function word(description: string): Schema {
  return { type: "string", maxLength: AUDIT_WORD_CHARS_MAX, description };
}

function name(description: string): Schema {
  return { type: "string", maxLength: AUDIT_NAME_CHARS_MAX, description };
}

function message(description: string): Schema {
  return { type: "string", maxLength: AUDIT_MESSAGE_CHARS_MAX, description };
}

function jwe(description: string): Schema {
  return { type: "string", pattern: "^[\\w-]+(?:\\.[\\w-]*){4}$", description };
}

function bytes(description: string): Schema {
  return { type: "integer", minimum: 0, description };
}
