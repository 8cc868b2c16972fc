import type { Clock } from "@mcp-hangar/core";
import type { TelemetryBus } from "@mcp-hangar/telemetry";
import type { Config } from "../config/schema.ts";
import { type RequestOrigin, requestOrigin } from "../http/client-address.ts";
import type { HealthCheck } from "../http/health.ts";
import type { Access } from "./access.ts";
import { AccessControl } from "./access-control.ts";
import { ApiKeys } from "./api-keys.ts";
import { ExpiryTime } from "./expiry-time.ts";
import { fetchJson } from "./fetch-json.ts";
import { KeyFile } from "./key-file.ts";
import { KnownCallers } from "./known-callers.ts";
import { openAccess } from "./open-access.ts";
import type { AuthOptions, JwtOptions } from "./options.ts";
import { type ProtectedResource, protectedResource } from "./protected-resource.ts";
import { createRoles, type Roles } from "./roles.ts";
import type { Tokens } from "./tokens.ts";

/** Everything by which a gateway decides who may do what. */
export interface AccessSystem {
  readonly access: Access;
  /** `undefined` when no API keys are configured. */
  readonly keys: ApiKeys | undefined;
  readonly roles: Roles;
  readonly resource: ProtectedResource;
  /** Who requests come from, by address. */
  readonly origin: RequestOrigin;
  /** Say so when the file of keys does not work, and when the clock went back. */
  readonly health: readonly HealthCheck[];
  /** Takes over roles, static keys and lockout while callers come; ways to authenticate do not appear or vanish. */
  configure(auth: AuthOptions): void;
  /** Begins to watch the file of keys. */
  start(): void;
  close(): Promise<void>;
}

/** What access control needs from the gateway. */
export interface AccessEnvironment {
  readonly bus: TelemetryBus;
  readonly clock: Clock;
  /** Hears of a file of keys that can no longer be read or written. */
  readonly onKeyProblem: (problem: Error) => void;
}

/**
 * Sets up access as the configuration says: open without a way to authenticate, else closed to everybody without proof.
 * @throws Error when the file of keys cannot be read.
 */
export function createAccess({ auth, http }: Config, { bus, clock, onKeyProblem }: AccessEnvironment): AccessSystem {
  const origin = requestOrigin({ ranges: http.trusted_proxies, header: http.forwarded_header });
  const resource = protectedResource(auth.jwt, origin, http.public_url);
  const roles = createRoles(auth.roles);
  if (auth.api_keys === undefined && auth.jwt === undefined) {
    const nothing = { keys: undefined, health: [], configure: () => {}, start: () => {}, close: async () => {} };
    return { access: openAccess(origin), roles, resource, origin, ...nothing };
  }
  const known = new KnownCallers();
  const expiry = new ExpiryTime(clock);
  const keys =
    auth.api_keys &&
    new ApiKeys({
      clock,
      expiry,
      file: auth.api_keys.file === undefined ? undefined : new KeyFile(auth.api_keys.file),
      fixed: auth.api_keys.static,
      onChange: () => known.forget(),
      onProblem: onKeyProblem,
    });
  const tokens = auth.jwt && verifier(auth.jwt, { clock, expiry });
  const access = new AccessControl({ options: auth, roles, keys, tokens, origin, resource, bus, clock, expiry, known });
  const checkRoles = (): void => {
    for (const { id, name, roles: given, status } of keys?.list() ?? []) {
      const unknown = status === "active" && given.find((role) => !roles.names.includes(role));
      if (unknown)
        onKeyProblem(
          new Error(`the key ${id} ("${name}") has the role "${unknown}", which is not defined: it gives nothing`),
        );
    }
  };
  checkRoles();
  return {
    access,
    keys,
    roles,
    resource,
    origin,
    health: [...(keys === undefined ? [] : [keysCheck(keys)]), clockCheck(expiry)],
    configure(next) {
      roles.configure(next.roles);
      access.configure(next);
      keys?.configure(next.api_keys?.static ?? []);
      checkRoles();
    },
    start: () => keys?.start(),
    close: async () => keys?.close(),
  };
}

/** Verifies tokens once their library is loaded, which a gateway without an issuer has no use for. */
function verifier(
  options: JwtOptions,
  time: { readonly clock: Clock; readonly expiry: ExpiryTime },
): Pick<Tokens, "verify"> {
  const loading = import("./tokens.ts").then(({ Tokens }) => new Tokens(options, time, (url) => fetchJson(url)));
  return { verify: async (token) => (await loading).verify(token) };
}

/**
 * With a file that cannot be read, keys work as before, but what another process revokes goes on working: somebody must look.
 * Probes come from strangers, so where the file is stands in the log alone.
 */
function keysCheck(keys: ApiKeys): HealthCheck {
  return {
    name: "api_keys",
    run() {
      if (keys.unwritten > 0) {
        const message = `${keys.unwritten} revoked keys are not in the file of API keys yet, and would be valid after a restart; the log says why`;
        return { status: "degraded", message };
      }
      if (keys.problem === undefined) return { status: "healthy" };
      return { status: "degraded", message: "the file of API keys cannot be read; the log says why" };
    },
  };
}

/** What clocks are corrected by in the course of things, in ms. */
const CLOCK_STEP_MS = 60_000;

/** Once set back by more, new tokens seem to come from the past and keys to last too long: somebody must look. */
function clockCheck(expiry: ExpiryTime): HealthCheck {
  return {
    name: "clock",
    run() {
      const behindMs = expiry.behindMs();
      if (behindMs < CLOCK_STEP_MS) return { status: "healthy" };
      const message = `the clock was set back by ${Math.round(behindMs / 1_000)} s; keys and tokens expire by the later time until it has caught up, or until a restart`;
      return { status: "degraded", message };
    },
  };
}
