import type { Clock } from "@mcp-hangar/core";
import { type AuthenticationFailure, type Caller, registeredName } from "@mcp-hangar/telemetry";
import { errors, type JWTHeaderParameters, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import type { FetchJson } from "./fetch-json.ts";
import { IssuerKeys, KeysUnavailableError } from "./issuer-keys.ts";
import type { JwtOptions } from "./options.ts";

/** Longest token, in characters: what is longer does not fit the limit on headers either. */
const TOKEN_CHARS_MAX = 12_288;
/** Longest name of a caller, in characters. */
const ID_CHARS_MAX = 200;
/** Longest subject, in characters: OpenID Connect allows 255, and some issuers take more. */
const SUBJECT_CHARS_MAX = 1_000;
/** Media types of tokens that are made to be presented to a resource (RFC 9068, RFC 7519); all others are for something else. */
const ACCESS_TOKEN_TYPES: ReadonlySet<string> = new Set(["jwt", "at+jwt"]);
/** Values of the roles claim that are looked at; people have been seen with hundreds of groups. */
const ROLE_VALUES_MAX = 1_000;

/** What a token is worth. Reasons are for records, not for who presents the token. */
export type TokenVerdict =
  | { readonly kind: "caller"; readonly caller: Caller; readonly expiresMs: number }
  /** `expected` failures happen to honest clients: a token has run out. */
  | { readonly kind: "failed"; readonly reason: AuthenticationFailure; readonly expected: boolean }
  | { readonly kind: "insufficient_scope" }
  | { readonly kind: "unavailable"; readonly message: string };

/** Verifies the bearer tokens of one issuer. */
export class Tokens {
  readonly #options: JwtOptions;
  /** By which tokens expire. */
  readonly #expiry: Pick<Clock, "wallMs">;
  readonly #key: IssuerKeys | Uint8Array;

  constructor(
    options: JwtOptions,
    { clock, expiry }: { readonly clock: Clock; readonly expiry: Pick<Clock, "wallMs"> },
    fetchJson: FetchJson,
  ) {
    const { issuer, jwks_uri: jwksUri, secret } = options;
    this.#options = options;
    this.#expiry = expiry;
    this.#key =
      secret === undefined ? new IssuerKeys({ issuer, jwksUri, clock, fetchJson }) : new TextEncoder().encode(secret);
  }

  /** Never rejects. */
  async verify(token: string): Promise<TokenVerdict> {
    if (token.length > TOKEN_CHARS_MAX) return failed("token_too_large");
    const { issuer, audience, clock_skew_s: clockTolerance, secret } = this.#options;
    const options: JWTVerifyOptions = {
      issuer,
      audience,
      algorithms: this.#options.algorithms ?? (secret === undefined ? ASYMMETRIC : ["HS256"]),
      clockTolerance,
      currentDate: new Date(this.#expiry.wallMs()),
      requiredClaims: ["exp"],
    };
    try {
      const { payload, protectedHeader } =
        this.#key instanceof IssuerKeys
          ? await verifyByAny(token, this.#key, options)
          : await jwtVerify(token, this.#key, options);
      return this.#unfitFor(payload, protectedHeader) ?? this.#verdictOf(payload);
    } catch (error) {
      if (error instanceof KeysUnavailableError) return { kind: "unavailable", message: error.message };
      return failureOf(error);
    }
  }

  /** Why a token with a good signature is no bearer token for this gateway; `undefined` when it is one. */
  #unfitFor(payload: JWTPayload, { typ }: JWTHeaderParameters): TokenVerdict | undefined {
    // A logout token or a proof of possession is signed by the same keys, and lets nobody in.
    if (typ !== undefined && !ACCESS_TOKEN_TYPES.has(mediaTypeOf(typ))) return failed("token_of_other_type");
    // The issuer bound the token to a key of its holder. Taken as a bearer token, it would serve a thief as well.
    if (payload.cnf !== undefined) return failed("token_bound_to_a_key");
    const { max_lifetime_s: lifetimeS, clock_skew_s: skewS } = this.#options;
    const nowS = this.#expiry.wallMs() / 1_000;
    if ((payload.exp ?? 0) > nowS + lifetimeS + skewS) return failed("token_lives_too_long");
    if (payload.iat !== undefined && payload.iat > nowS + skewS) return failed("token_of_the_future", true);
    return undefined;
  }

  #verdictOf(payload: JWTPayload): TokenVerdict {
    const { id_claim: idClaim, roles_claim: rolesClaim, role_map: map, default_roles: defaults } = this.#options;
    const id = claimAt(payload, idClaim);
    if (!isUsable(id, ID_CHARS_MAX)) return failed("unusable_caller_id");
    // The claim that names a caller may be an address that is given to somebody else later; an issuer never does that with `sub`.
    const subject = payload.sub ?? id;
    if (!isUsable(subject, SUBJECT_CHARS_MAX)) return failed("unusable_caller_id");
    const kind = payload.sub === undefined ? idClaim : "sub";
    const credential = `jwt:${this.#options.issuer} ${kind} ${subject}`;
    const scopes = new Set([...words(payload.scope), ...words(payload.scp)]);
    if (!this.#options.required_scopes.every((scope) => scopes.has(scope))) return { kind: "insufficient_scope" };
    const given = words(claimAt(payload, rolesClaim)).flatMap((value) =>
      Object.hasOwn(map, value) ? (map[value] ?? []) : [],
    );
    const roles = [...new Set([...defaults, ...given])];
    // `exp` is required above; the skew is granted until the end.
    const expiresMs = ((payload.exp ?? 0) + this.#options.clock_skew_s) * 1_000;
    return { kind: "caller", caller: { type: "jwt", id: registeredName(id), roles, credential }, expiresMs };
  }
}

const ASYMMETRIC = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const satisfies NonNullable<JWTVerifyOptions["algorithms"]>;

/** A token without a key id may fit several keys of its type. */
async function verifyByAny(token: string, keys: IssuerKeys, options: JWTVerifyOptions): ReturnType<typeof jwtVerify> {
  try {
    return await jwtVerify(token, keys.find, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (inner) {
        if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** A name stands in records, headers of proxies and on terminals. */
function isUsable(name: unknown, charsMax: number): name is string {
  return (
    typeof name === "string" && name !== "" && name.length <= charsMax && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)
  );
}

/** RFC 7515 recommends to leave out `application/`. */
function mediaTypeOf(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, "");
}

/** Of the claims that have a reason of their own. */
const WRONG_CLAIMS: ReadonlyMap<string, AuthenticationFailure> = new Map([
  ["iss", "token_with_wrong_iss"],
  ["aud", "token_with_wrong_aud"],
  ["exp", "token_with_wrong_exp"],
  ["nbf", "token_with_wrong_nbf"],
]);

function failureOf(error: unknown): TokenVerdict {
  if (error instanceof errors.JWTExpired) return failed("expired_token", true);
  if (error instanceof errors.JWTClaimValidationFailed) {
    return failed(WRONG_CLAIMS.get(error.claim) ?? "token_with_wrong_claim", error.claim === "nbf");
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return failed("token_algorithm_not_allowed");
  if (error instanceof errors.JWKSNoMatchingKey) return failed("token_of_unknown_key");
  if (error instanceof errors.JWSSignatureVerificationFailed) return failed("token_with_wrong_signature");
  return failed("malformed_token");
}

function failed(reason: AuthenticationFailure, expected = false): TokenVerdict {
  return { kind: "failed", reason, expected };
}

/** The claim of that very name, else the one that dots lead to. */
function claimAt(payload: JWTPayload, name: string): unknown {
  if (Object.hasOwn(payload, name)) return payload[name];
  return name.split(".").reduce<unknown>((value, part) => {
    return typeof value === "object" && value !== null && Object.hasOwn(value, part)
      ? Reflect.get(value, part)
      : undefined;
  }, payload);
}

function words(value: unknown): readonly string[] {
  const list = typeof value === "string" ? value.split(/\s+/) : Array.isArray(value) ? value : [];
  return list.slice(0, ROLE_VALUES_MAX).filter((each): each is string => typeof each === "string" && each !== "");
}
