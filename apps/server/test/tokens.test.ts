import { createHmac } from "node:crypto";
import { FakeClock } from "@mcp-hangar/core/testing";
import { base64url, exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchJson } from "../src/access/fetch-json.ts";
import { authOptions, type JwtOptions } from "../src/access/options.ts";
import { Tokens } from "../src/access/tokens.ts";
import { type FakeIssuer, startFakeIssuer } from "./fake-issuer.ts";

/** Short, because one test waits for it. */
const ISSUER_TIMEOUT_MS = 300;

let issuer: FakeIssuer;
let clock: FakeClock;

beforeEach(async () => {
  issuer = await startFakeIssuer();
  clock = new FakeClock();
});

afterEach(() => issuer[Symbol.asyncDispose]());

function optionsOf(options: Partial<JwtOptions> = {}): JwtOptions {
  const jwt = {
    issuer: issuer.url,
    audience: ["hangar"],
    role_map: { staff: ["agent"], boss: ["admin", "agent"] },
    ...options,
  };
  const parsed = authOptions.parse({ jwt }).jwt;
  if (parsed === undefined) throw new Error("no options");
  return parsed;
}

function tokensWith(options: Partial<JwtOptions> = {}): Tokens {
  return new Tokens(optionsOf(options), { clock, expiry: clock }, (url) => fetchJson(url, ISSUER_TIMEOUT_MS));
}

function claims(more: JWTPayload = {}): JWTPayload {
  const now = Math.floor(clock.wallMs() / 1_000);
  return { iss: issuer.url, aud: "hangar", sub: "ann", iat: now, exp: now + 600, roles: ["staff"], ...more };
}

const seconds = (offset: number): number => Math.floor(clock.wallMs() / 1_000) + offset;

describe("a good token", () => {
  it("names its caller, whose roles are what the claims map to", async () => {
    const verdict = await tokensWith().verify(
      await issuer.sign(claims({ roles: ["boss", "staff", "unmapped", "admin"] })),
    );
    expect(verdict).toEqual({
      kind: "caller",
      caller: { type: "jwt", id: "ann", roles: ["admin", "agent"], credential: `jwt:${issuer.url} sub ann` },
      expiresMs: (seconds(600) + 30) * 1_000,
    });
  });

  it("is of the caller whom issuer and subject name, whatever else it says", async () => {
    const byMail = tokensWith({ id_claim: "email" });
    const credentialOf = async (more: object): Promise<string> => {
      const verdict = await byMail.verify(await issuer.sign(claims(more as JWTPayload)));
      if (verdict.kind !== "caller") throw new Error(JSON.stringify(verdict));
      return verdict.caller.credential;
    };
    const ann = await credentialOf({ sub: "1", email: "ann@x.example", jti: "a", azp: "phone" });
    // A refreshed token, of another client and with another address, is still theirs.
    expect(await credentialOf({ sub: "1", email: "ann@y.example", jti: "b", azp: "desk", roles: ["boss"] })).toBe(ann);
    // An address that was given to somebody else is not, and a token without a subject does not pass for one with it.
    const others = [
      await credentialOf({ sub: "2", email: "ann@x.example" }),
      await credentialOf({ sub: undefined, email: "1" }),
      await credentialOf({ sub: undefined, email: "ann@x.example" }),
    ];
    expect(new Set([ann, ...others]).size).toBe(4);
  });

  it.each([undefined, "JWT", "jwt", "at+jwt", "application/at+jwt", "AT+JWT"])("may be of type %s", async (typ) => {
    expect((await tokensWith().verify(await issuer.sign(claims(), { typ }))).kind).toBe("caller");
  });

  it("is found by discovery once, and its keys are kept", async () => {
    const tokens = tokensWith();
    for (let round = 0; round < 5; round++)
      expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("caller");
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });

  it.each([
    ["a list of audiences", { aud: ["other", "hangar"] }, {}, ["agent"]],
    ["roles as words", { roles: "staff boss" }, {}, ["agent", "admin"]],
    ["roles inside objects", { realm_access: { roles: ["staff"] } }, { roles_claim: "realm_access.roles" }, ["agent"]],
    [
      "roles under a name with dots",
      { "https://x.example/roles": ["staff"] },
      { roles_claim: "https://x.example/roles" },
      ["agent"],
    ],
    ["roles of no sensible type", { roles: { staff: true } }, {}, []],
    ["roles that are names of objects' own", { roles: ["__proto__", "constructor", "toString"] }, {}, []],
    ["default roles", { roles: [] }, { default_roles: ["viewer"] }, ["viewer"]],
    ["scopes that are asked for", { scope: "mcp other" }, { required_scopes: ["mcp"] }, ["agent"]],
    ["scopes in scp", { scp: ["mcp"] }, { required_scopes: ["mcp"] }, ["agent"]],
  ])("may have %s", async (_what, more, options, roles) => {
    const verdict = await tokensWith(options).verify(await issuer.sign(claims(more)));
    expect(verdict).toMatchObject({ kind: "caller", caller: { roles } });
  });

  it("may differ from our clock by the skew, and no more", async () => {
    const tokens = tokensWith();
    expect((await tokens.verify(await issuer.sign(claims({ exp: seconds(-29) })))).kind).toBe("caller");
    expect((await tokens.verify(await issuer.sign(claims({ nbf: seconds(29) })))).kind).toBe("caller");
  });
});

describe("a token is refused", () => {
  it.each([
    ["that has expired", () => ({ exp: seconds(-31) }), "expired_token", true],
    ["that begins later", () => ({ nbf: seconds(60) }), "token_with_wrong_nbf", true],
    ["of another issuer", () => ({ iss: "https://evil.example" }), "token_with_wrong_iss", false],
    ["for somebody else", () => ({ aud: "other" }), "token_with_wrong_aud", false],
    ["for nobody", () => ({ aud: undefined }), "token_with_wrong_aud", false],
    ["that never ends", () => ({ exp: undefined }), "token_with_wrong_exp", false],
    [
      "that ends in a year of five digits (milliseconds for seconds)",
      () => ({ exp: seconds(0) * 1_000 }),
      "token_lives_too_long",
      false,
    ],
    ["that ends beyond any number", () => ({ exp: Number.MAX_VALUE }), "token_lives_too_long", false],
    [
      "that lives longer than the configured year",
      () => ({ exp: seconds(367 * 86_400) }),
      "token_lives_too_long",
      false,
    ],
    ["that was issued later", () => ({ iat: seconds(60) }), "token_of_the_future", true],
    ["that is bound to a certificate", () => ({ cnf: { "x5t#S256": "abc" } }), "token_bound_to_a_key", false],
    ["that is bound to a key (DPoP)", () => ({ cnf: { jkt: "abc" } }), "token_bound_to_a_key", false],
    ["that is bound to nothing known", () => ({ cnf: null }), "token_bound_to_a_key", false],
    ["whose subject is no text", () => ({ sub: 7, name: "ann" }), "unusable_caller_id", false],
    ["without a caller", () => ({ sub: undefined }), "unusable_caller_id", false],
    ["with a caller that breaks lines", () => ({ sub: "ann\nroot" }), "unusable_caller_id", false],
    ["with a caller that turns text around", () => ({ sub: "ann\u202etoor" }), "unusable_caller_id", false],
    ["with a caller without end", () => ({ sub: "x".repeat(201) }), "unusable_caller_id", false],
  ])("%s", async (_what, more, reason, expected) => {
    const token = await issuer.sign(claims(more() as JWTPayload));
    expect(await tokensWith().verify(token)).toEqual({ kind: "failed", reason, expected });
  });

  it.each(["logout+jwt", "dpop+jwt", "secevent+jwt", "application/token-introspection+jwt", "JWS", "", "jwt "])(
    "that is of type %j",
    async (typ) => {
      expect(await tokensWith().verify(await issuer.sign(claims(), { typ }))).toMatchObject({
        reason: "token_of_other_type",
      });
    },
  );

  it("that lacks a scope, which is another answer", async () => {
    const token = await issuer.sign(claims({ scope: "mcpx" }));
    expect(await tokensWith({ required_scopes: ["mcp"] }).verify(token)).toEqual({ kind: "insufficient_scope" });
  });

  it("that nobody signed (alg none)", async () => {
    const body = base64url.encode(JSON.stringify(claims()));
    for (const alg of ["none", "None", "NONE", ""]) {
      const token = `${base64url.encode(JSON.stringify({ alg, kid: "first" }))}.${body}.`;
      expect((await tokensWith().verify(token)).kind).toBe("failed");
    }
  });

  it("that uses the public key as a shared secret (algorithm confusion)", async () => {
    const jwk = await issuer.publicJwk();
    const key = await importJWK(jwk, "ES256", { extractable: true });
    for (const secret of [JSON.stringify(jwk), await exportSPKI(key as Parameters<typeof exportSPKI>[0])]) {
      const head = base64url.encode(JSON.stringify({ alg: "HS256", kid: "first" }));
      const body = base64url.encode(JSON.stringify(claims()));
      const signature = createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url");
      expect(await tokensWith().verify(`${head}.${body}.${signature}`)).toMatchObject({
        reason: "token_algorithm_not_allowed",
      });
    }
  });

  it("that brings its own key, or says where to get it", async () => {
    const mallory = await generateKeyPair("ES256", { extractable: true });
    const asked = issuer.asked.length;
    for (const header of [
      { jwk: await issuer.publicJwk() },
      { jku: `${issuer.url}/evil` },
      { x5u: `${issuer.url}/evil` },
      { kid: "../../../../dev/null" },
      { kid: "first' OR '1'='1" },
      { kid: "__proto__" },
      { kid: "first" },
    ]) {
      const token = await new SignJWT(claims())
        .setProtectedHeader({ alg: "ES256", ...header })
        .sign(mallory.privateKey);
      expect((await tokensWith().verify(token)).kind).toBe("failed");
    }
    expect(issuer.asked.slice(asked)).not.toContain("/evil");
  });

  it("with an extension that must be understood and is not", async () => {
    const token = await issuer.sign(claims()).then((text) => text.split("."));
    const head = base64url.encode(JSON.stringify({ alg: "ES256", kid: "first", crit: ["b64"], b64: false }));
    expect((await tokensWith().verify([head, token[1], token[2]].join("."))).kind).toBe("failed");
  });

  it.each([
    "",
    "a",
    "a.b",
    "a.b.c",
    "a.b.c.d.e",
    "..",
    "\u0000.\u0000.\u0000",
    "eyJ".repeat(3_000),
    "x".repeat(20_000),
  ])("that is none: %j", async (text) => {
    expect((await tokensWith().verify(text)).kind).toBe("failed");
    expect(issuer.asked.filter((path) => path === "/keys").length).toBeLessThanOrEqual(1);
  });

  it("that is larger than any header may be, though it is signed", async () => {
    const token = await issuer.sign(claims({ photo: "x".repeat(10_000) }));
    expect(await tokensWith().verify(token)).toMatchObject({ reason: "token_too_large" });
    expect(issuer.asked).toEqual([]);
  });

  it("by an algorithm that is not on the list", async () => {
    const tokens = tokensWith({ algorithms: ["RS256"] });
    expect(await tokens.verify(await issuer.sign(claims()))).toMatchObject({ reason: "token_algorithm_not_allowed" });
  });
});

describe("with a shared secret", () => {
  const secret = "a secret of thirty-two characters";
  const hmac = (alg: string, key: string): Promise<string> =>
    new SignJWT(claims()).setProtectedHeader({ alg }).sign(new TextEncoder().encode(key));

  it("HS256 is taken, and nothing else", async () => {
    const tokens = tokensWith({ secret });
    expect((await tokens.verify(await hmac("HS256", secret))).kind).toBe("caller");
    expect((await tokens.verify(await hmac("HS512", secret))).kind).toBe("failed");
    expect((await tokens.verify(await hmac("HS256", `${secret}x`))).kind).toBe("failed");
    expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("failed");
    expect(issuer.asked).toEqual([]);
  });
});

describe("when the issuer", () => {
  it("rotates its keys, tokens of the new key are taken, and the old ones no longer", async () => {
    const tokens = tokensWith();
    const old = await issuer.sign(claims());
    expect((await tokens.verify(old)).kind).toBe("caller");
    await issuer.rotate("second");
    clock.advance(30_000);
    expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("caller");
    expect(await tokens.verify(old)).toMatchObject({ reason: "token_of_unknown_key" });
  });

  it("is asked about unknown keys once in a while only, whatever strangers send", async () => {
    const tokens = tokensWith();
    await tokens.verify(await issuer.sign(claims()));
    const before = issuer.asked.length;
    const forged = await Promise.all(
      Array.from({ length: 50 }, (_, index) => issuer.sign(claims(), { kid: `k${index}` })),
    );
    for (const token of forged) expect(await tokens.verify(token)).toMatchObject({ reason: "token_of_unknown_key" });
    expect(issuer.asked.length).toBe(before);
    clock.advance(30_000);
    await Promise.all(forged.map((token) => tokens.verify(token)));
    expect(issuer.asked.length).toBe(before + 1);
  });

  const BAD: readonly (readonly [string, Parameters<FakeIssuer["answerWith"]>[0], RegExp])[] = [
    ["fails", (_request, response) => response.writeHead(500).end("no"), /HTTP 500/],
    ["does not answer", () => {}, /no answer within 0\.3 s/],
    ["answers for ever", (_request, response) => void response.write("[".padEnd(600_000, " ")), /larger than/],
    [
      "answers with a huge number of keys",
      (_request, response) => response.end(JSON.stringify({ keys: Array(101).fill({ kty: "EC" }) })),
      /keys|issuer/,
    ],
    ["answers with something else", (_request, response) => response.end("<html>"), /JSON|token/],
    [
      "leads elsewhere",
      (_request, response) => response.writeHead(302, { location: "http://169.254.169.254/" }).end(),
      /redirect/,
    ],
    ["breaks off", (request) => request.socket.destroy(), /other side closed|ECONNRESET|socket/],
  ];

  it.each(BAD)(
    "%s before its keys were ever seen, nobody is let in, and it is not the caller's fault",
    async (_what, handler, why) => {
      const tokens = tokensWith({ jwks_uri: `${issuer.url}/keys` });
      issuer.answerWith(handler);
      const verdict = await tokens.verify(await issuer.sign(claims()));
      expect(verdict).toMatchObject({ kind: "unavailable", message: expect.stringMatching(why) });
      const asked = issuer.asked.length;
      expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("unavailable");
      expect(issuer.asked.length).toBe(asked);
      issuer.answerWith(undefined);
      clock.advance(3_000);
      expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("caller");
    },
  );

  it.each(BAD)("%s later, its keys go on being used for a day", async (_what, handler) => {
    const tokens = tokensWith();
    expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("caller");
    issuer.answerWith(handler);
    clock.advance(11 * 60_000);
    expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("caller");
    expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("caller");
    clock.advance(24 * 60 * 60_000);
    expect((await tokens.verify(await issuer.sign(claims()))).kind).toBe("unavailable");
  });

  it("withdraws a key, that is noticed without anybody naming another", async () => {
    const tokens = tokensWith();
    const old = await issuer.sign(claims({ exp: seconds(7_200) }));
    expect((await tokens.verify(old)).kind).toBe("caller");
    await issuer.rotate("second");
    clock.advance(11 * 60_000);
    await tokens.verify(old);
    await expect.poll(async () => (await tokens.verify(old)).kind).toBe("failed");
  });

  it("says that it is another, it is not believed", async () => {
    issuer.answerWith((_request, response) =>
      response.end(JSON.stringify({ issuer: "https://evil.example", jwks_uri: `${issuer.url}/keys` })),
    );
    expect(await tokensWith().verify(await issuer.sign(claims()))).toMatchObject({
      kind: "unavailable",
      message: expect.stringMatching(/about the issuer/),
    });
  });

  it("sends for its keys where others can listen, it is not followed", async () => {
    issuer.answerWith((_request, response) =>
      response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: "http://keys.example/" })),
    );
    expect(await tokensWith().verify(await issuer.sign(claims()))).toMatchObject({
      message: expect.stringMatching(/no https/),
    });
  });
});
