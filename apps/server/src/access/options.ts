import { z } from "zod";
import { isLoopback } from "../http/host-names.ts";
import { PERMISSIONS, type Permission } from "./permissions.ts";
import { BUILT_IN_ROLES } from "./roles.ts";

/** Names of roles and API keys: they stand in records and, for keys, in metric labels. */
export const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,62})$/;
/** What {@link NAME} says, in words. */
export const NAME_RULE = "1–63 letters, digits and . _ @ -, beginning with a letter or digit";

const name = z.string().regex(NAME, NAME_RULE);
const globs = z.array(z.string().min(1).max(300)).max(1_000);

/** A pattern's half for the server, which no URI has before its first slash. */
const SERVER_HALF = /^[a-z0-9_*?-]+$/;

const urisOfServers = z.array(
  z
    .string()
    .max(2_000)
    .refine((glob) => SERVER_HALF.test(glob.split("/", 1)[0] ?? ""), {
      error: "<server>/<uri> or <server>, and `*/<uri>` for any server",
    }),
);

/** The rules of a role about things of one kind. */
function rules(globsOf: typeof globs, what: string, unlessAllowed: string) {
  return z.strictObject({
    allow: globsOf.optional().describe(`Globs \`${what}\`, or \`<server>\` for all of it. ${unlessAllowed} if absent.`),
    deny: globsOf.optional().describe("Globs of what does not exist for the role; wins over allow."),
  });
}

const OF_TOOLS = "Those of the servers that `tools` reaches";

const role = z.strictObject({
  permissions: z
    // The keys of an object literal are what its type says.
    .array(z.enum(Object.keys(PERMISSIONS) as [Permission, ...Permission[]]))
    .describe("What callers with the role may do."),
  tools: rules(globs, "<server>/<tool>", "Everything")
    .optional()
    .describe("Which servers and tools exist for the role; without it all."),
  resources: rules(urisOfServers.max(1_000), "<server>/<uri>", OF_TOOLS)
    .optional()
    .describe(
      "Which resources exist for the role, by the server's own URI, and which templates, by `uriTemplate`; without it those of the servers that `tools` reaches.",
    ),
  prompts: rules(globs, "<server>/<prompt>", OF_TOOLS)
    .optional()
    .describe("Which prompts exist for the role; without it those of the servers that `tools` reaches."),
});
/** One role of the configuration. */
export type RoleOptions = z.infer<typeof role>;

const staticKey = z.strictObject({
  name: name.describe("Who has the key, in logs and records."),
  hash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 hexadecimal digits, as keys create --static prints it")
    .describe("What is kept of the key: `sha256:` and 64 hexadecimal digits."),
  roles: z.array(z.string()).min(1).describe("Roles of whoever has the key."),
  expires_at: z.iso.datetime({ offset: true }).optional().describe("Until when the key is valid, with a time zone."),
});
export type StaticKeyOptions = z.infer<typeof staticKey>;

const apiKeys = z
  .strictObject({
    file: z.string().min(1).optional().describe("File of the keys that `mcp-hangar keys` and `/api/keys` manage."),
    static: z
      .array(staticKey)
      .max(1_000)
      .default([])
      .describe(
        "Keys that live here: each `name`, `hash`, `roles` and perhaps `expires_at`; `keys create --static` prints them.",
      ),
  })
  .describe("API keys: `Authorization: Bearer mcph_…` or `X-API-Key: mcph_…`.");

/** Signature algorithms whose verification needs no secret. */
const ASYMMETRIC = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"] as const;
/** Those that verify with what signs. */
const SYMMETRIC = ["HS256", "HS384", "HS512"] as const;

/** Tokens and keys cross the network: in clear text only where nobody else can listen. */
const secureUrl = z
  .url({ protocol: /^https?$/ })
  .refine((url) => URL.parse(url)?.protocol === "https:" || isLoopback(URL.parse(url)?.hostname ?? ""), {
    error: "an https:// URL (http:// only on loopback)",
  })
  // They are fetched from, and nothing can be fetched from a URL with a user in it.
  .refine((url) => URL.parse(url)?.username === "" && URL.parse(url)?.password === "", {
    error: "a URL without credentials",
  });

const texts = z.array(z.string().min(1).max(500)).max(100);
const claim = z.string().min(1).max(200);

const jwt = z
  .strictObject({
    issuer: secureUrl.describe("Who issues the tokens: must equal `iss`. Its keys are found by OIDC discovery."),
    audience: texts.min(1).describe("Accepted values of `aud`; one of them is enough."),
    jwks_uri: secureUrl.optional().describe("Where the keys are, for issuers without discovery."),
    secret: z
      .string()
      .min(32)
      .optional()
      .describe("Secret shared with the issuer, instead of keys: for HS256 and its kin, which are refused without it."),
    algorithms: z
      .array(z.enum([...ASYMMETRIC, ...SYMMETRIC]))
      .min(1)
      .optional()
      .describe("Accepted signature algorithms. Without it all asymmetric ones, or with `secret` HS256. Never `none`."),
    clock_skew_s: z.int().min(0).max(300).default(30).describe("By how much clocks may differ."),
    max_lifetime_s: z
      .int()
      .min(60)
      .max(10 * 366 * 86_400)
      .default(366 * 86_400)
      .describe(
        "A token whose `exp` lies further ahead is refused: it has milliseconds where seconds belong, or never ends.",
      ),
    id_claim: claim.default("sub").describe("Claim that names the caller. Whose a session is, `iss` and `sub` decide."),
    roles_claim: claim
      .default("roles")
      .describe(
        "Claim with the caller's roles or groups, a list or words; dots lead into objects: `realm_access.roles`.",
      ),
    role_map: z
      .record(z.string(), texts)
      .default({})
      .describe("Roles that each value of the claim gives; a value without an entry gives none."),
    default_roles: texts.default([]).describe("Roles of every caller with a valid token."),
    required_scopes: texts
      .default([])
      .describe("Scopes a token must have in `scope` or `scp`; clients are told to ask for them."),
  })
  .superRefine(({ algorithms = [], secret, jwks_uri: jwksUri }, context) => {
    const symmetric: readonly string[] = SYMMETRIC;
    const wrong = algorithms.findIndex((each) => symmetric.includes(each) !== (secret !== undefined));
    if (wrong !== -1) {
      const message = secret === undefined ? "an asymmetric algorithm, as there is no secret" : "HS256, HS384 or HS512";
      context.addIssue({ code: "custom", path: ["algorithms", wrong], message });
    }
    if (secret !== undefined && jwksUri !== undefined) {
      context.addIssue({ code: "custom", path: ["jwks_uri"], message: "either secret or jwks_uri" });
    }
  })
  .describe("Bearer tokens of an OAuth 2 or OpenID Connect issuer.");
export type JwtOptions = z.infer<typeof jwt>;

const lockout = z
  .strictObject({
    max_failures: z.int().min(1).max(1_000).default(10).describe("Failures in a row that are let pass."),
    first_lock_s: z
      .number()
      .positive()
      .max(3_600)
      .default(1)
      .describe("The first lock; each further failure doubles it."),
    max_lock_s: z
      .number()
      .positive()
      .max(86_400)
      .default(900)
      .describe("The longest lock, and how long failures count."),
  })
  .describe("Locks out a client address, and an API key, after failed attempts (429).");
export type LockoutOptions = z.infer<typeof lockout>;

/** The section `auth`. Authentication is on as soon as there is a way to authenticate. */
export const authOptions = z
  .strictObject({
    api_keys: apiKeys.optional(),
    jwt: jwt.optional(),
    roles: z
      .record(z.string(), role)
      .default({})
      .describe("Roles beside the built-in `admin`, `operator`, `viewer`, `auditor` and `agent`."),
    lockout: lockout.prefault({}),
    success_interval_s: z
      .int()
      .min(0)
      .max(86_400)
      .default(3_600)
      .describe(
        "How often it is recorded that callers proved who they are (`authentication.succeeded`): once in so many seconds for each credential, address and interface; 0 for every request. Besides, whenever a session opens.",
      ),
  })
  .superRefine((auth, context) => {
    const known = new Set([...Object.keys(BUILT_IN_ROLES), ...Object.keys(auth.roles)]);
    const complain = (path: readonly (string | number)[], message: string): void =>
      context.addIssue({ code: "custom", path: [...path], message });
    const checkRoles = (roles: readonly string[], path: readonly (string | number)[]): void => {
      for (const [index, each] of roles.entries()) {
        if (!known.has(each)) complain([...path, index], `a role: ${[...known].join(", ")}`);
      }
    };
    for (const each of Object.keys(auth.roles)) {
      if (Object.hasOwn(BUILT_IN_ROLES, each)) complain(["roles", each], "another name: this role is built in");
      else if (!NAME.test(each)) complain(["roles", each], `a name of ${NAME_RULE}`);
    }
    const keys = auth.api_keys?.static ?? [];
    for (const [index, key] of keys.entries()) {
      const path = ["api_keys", "static", index];
      checkRoles(key.roles, [...path, "roles"]);
      if (keys.findIndex((other) => other.name === key.name) < index) complain([...path, "name"], "a name of its own");
    }
    checkRoles(auth.jwt?.default_roles ?? [], ["jwt", "default_roles"]);
    for (const [value, roles] of Object.entries(auth.jwt?.role_map ?? {})) {
      checkRoles(roles, ["jwt", "role_map", value]);
    }
    if (auth.api_keys !== undefined && auth.api_keys.file === undefined && keys.length === 0) {
      complain(["api_keys"], "a file, static keys, or both");
    }
    if (auth.api_keys === undefined && auth.jwt === undefined && Object.keys(auth.roles).length > 0) {
      complain(["roles"], "api_keys or jwt beside it, as without a way to authenticate nobody has a role");
    }
  })
  .describe("Who may use the gateway. Without `api_keys` and `jwt` everybody may do everything, on loopback only.");
export type AuthOptions = z.infer<typeof authOptions>;
