import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { FakeClock } from "@mcp-hangar/core/testing";
import { fakePlatform, RecordingBus } from "@mcp-hangar/core/testing";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { configSchema } from "../config/schema.ts";
import type { Identification } from "./access.ts";
import { newApiKey } from "./api-key.ts";
import { type AccessSystem, createAccess } from "./create-access.ts";
import { KeyFile } from "./key-file.ts";

const { token, hash } = newApiKey();

const UNHEARD = { onKeyProblem: () => {}, onKeyChange: () => {} };

interface SetUp {
  readonly system: AccessSystem;
  readonly bus: RecordingBus;
  readonly clock: FakeClock;
  /** Identifies a request with these headers, which must take no time. */
  readonly identify: (headers: Readonly<Record<string, string>>, more?: Partial<IncomingMessage>) => Identification;
}

function setUp(auth: Readonly<Record<string, unknown>> = {}, http: Readonly<Record<string, unknown>> = {}): SetUp {
  const { clock } = fakePlatform();
  const bus = new RecordingBus();
  const fixed = [{ name: "ci", hash, roles: ["agent"], expires_at: new Date(clock.wallMs() + 60_000).toISOString() }];
  const config = configSchema.parse({ auth: { api_keys: { static: fixed }, ...auth }, http });
  const system = createAccess(config, { bus, clock, ...UNHEARD });
  return {
    system,
    bus,
    clock,
    identify(headers, more = {}) {
      const identified = system.access.identify(requestWith(headers, more));
      if (identified instanceof Promise) throw new Error("this took time");
      return identified;
    },
  };
}

function requestWith(headers: Readonly<Record<string, string>>, more: Partial<IncomingMessage> = {}): IncomingMessage {
  const socket = { remoteAddress: "192.0.2.1" };
  return {
    method: "POST",
    url: "/mcp",
    headers: { host: "hangar.example", ...headers },
    socket,
    ...more,
  } as unknown as IncomingMessage;
}

/** What a forger makes of an id that was seen somewhere: the checksum is no secret. */
function withChecksum(body: string): string {
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  let checksum = "";
  for (let rest = crc32(body); checksum.length < 6; rest = Math.floor(rest / 62)) {
    checksum = `${digits[rest % 62] ?? ""}${checksum}`;
  }
  return `${body}${checksum}`;
}

const GOOD = { authorization: `Bearer ${token}` };

describe("without a way to authenticate", () => {
  it("everybody is nobody, without an object a request", () => {
    const { access } = createAccess(configSchema.parse({}), {
      bus: new RecordingBus(),
      clock: fakePlatform().clock,
      ...UNHEARD,
    });
    expect(access.enabled).toBe(false);
    expect(access.identify(requestWith({}))).toBe(access.identify(requestWith(GOOD)));
  });
});

describe("a key that was seen before", () => {
  it("is answered at once, with the same object", () => {
    const { identify } = setUp();
    const first = identify(GOOD);
    expect(first).toMatchObject({ kind: "caller", caller: { type: "api_key", id: "ci", roles: ["agent"] } });
    expect(identify(GOOD)).toBe(first);
    expect(identify({ "x-api-key": token })).toMatchObject({ kind: "caller" });
  });

  it("ends when it expires, though it is remembered", () => {
    const { identify, clock, system } = setUp();
    const known = identify(GOOD);
    clock.advance(60_000);
    expect(identify(GOOD)).toMatchObject({ kind: "refused", refusal: { status: 401 } });
    // What was begun with it ends, too.
    expect(known.kind === "caller" && system.access.permits(known.caller, "tools:call")).toBe(false);
  });

  it("ends when the configuration no longer has it", () => {
    const { identify, system } = setUp();
    const known = identify(GOOD);
    system.configure(
      configSchema.parse({
        auth: { api_keys: { static: [{ name: "other", hash: newApiKey().hash, roles: ["agent"] }] } },
      }).auth,
    );
    expect(identify(GOOD).kind).toBe("refused");
    expect(known.kind === "caller" && system.access.admits(known.caller, "math", "add")).toBe(false);
  });

  it("with a role that is defined no longer gives nothing, and somebody is told", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangar-roles-"));
    const path = join(folder, "keys.json");
    await new KeyFile(path).update(() => [], { create: true });
    const { clock } = fakePlatform();
    const auth = { api_keys: { file: path }, roles: { own: { permissions: ["tools:call"] } } };
    const problems: string[] = [];
    const heard = { ...UNHEARD, onKeyProblem: ({ message }: Error) => problems.push(message) };
    const system = createAccess(configSchema.parse({ auth }), { bus: new RecordingBus(), clock, ...heard });
    const created = await system.keys?.create({ name: "ci", roles: ["own"], expiresMs: undefined });
    if (created === undefined || created === "taken") throw new Error("no key");
    const who = await system.access.identify(requestWith({ "x-api-key": created.token }));
    expect(who.kind === "caller" && system.access.permits(who.caller, "tools:call")).toBe(true);
    system.configure(configSchema.parse({ auth: { ...auth, roles: {} } }).auth);
    expect(who.kind === "caller" && system.access.permits(who.caller, "tools:call")).toBe(false);
    expect(problems).toMatchObject([expect.stringMatching(/\("ci"\) has the role "own", which is not defined/)]);
    rmSync(folder, { recursive: true, force: true });
  });

  it("notes its last use", () => {
    const { identify, clock, system } = setUp();
    identify(GOOD);
    clock.advance(5_000);
    identify(GOOD);
    expect(system.keys?.list()).toMatchObject([{ last_used_at: new Date(clock.wallMs()).toISOString() }]);
  });

  it("is one of a thousand at most that are remembered", () => {
    const { identify } = setUp();
    const first = identify(GOOD);
    // Spaces are allowed there, and each number of them is another text.
    for (let spaces = 2; spaces < 1_002; spaces++) identify({ authorization: `Bearer${" ".repeat(spaces)}${token}` });
    expect(identify(GOOD)).not.toBe(first);
    expect(identify(GOOD)).toEqual(first);
  });
});

describe("a success", () => {
  const from = (remoteAddress: string, url = "/mcp"): Partial<IncomingMessage> => ({
    url,
    socket: { remoteAddress } as IncomingMessage["socket"],
  });

  it("is told with who it was, from where and at which interface", () => {
    const { identify, bus } = setUp();
    identify({ ...GOOD, "user-agent": "agent/1.0" });
    expect(bus.of("authentication.succeeded")).toMatchObject([
      {
        door: "mcp",
        caller: { type: "api_key", id: "ci" },
        client: { transport: "http", address: "192.0.2.1", userAgent: "agent/1.0" },
      },
    ]);
    expect(bus.of("authentication.failed")).toEqual([]);
  });

  it("is told once in an interval for each address and interface, however often and in whatever header the key comes", () => {
    const { identify, bus, clock, system } = setUp({ success_interval_s: 10 });
    const told = (): readonly string[] =>
      bus.of("authentication.succeeded").map(({ door, client }) => `${door} ${client.address}`);
    const everywhere = (): void => {
      identify(GOOD);
      identify({ "x-api-key": token });
      identify(GOOD, from("192.0.2.2"));
      identify(GOOD, from("192.0.2.2", "/api/system?x=1"));
      identify(GOOD, from("2001:db8::1"));
      identify(GOOD, from("2001:db8::2"));
    };
    everywhere();
    everywhere();
    const once = ["mcp 192.0.2.1", "mcp 192.0.2.2", "rest 192.0.2.2", "mcp 2001:db8::1"];
    expect(told()).toEqual(once);
    clock.advance(9_999);
    everywhere();
    expect(told()).toEqual(once);
    clock.advance(1);
    everywhere();
    expect(told()).toEqual([...once, ...once]);
    const auth = configSchema.parse({ auth: { api_keys: { static: [{ name: "ci", hash, roles: ["agent"] }] } } }).auth;
    system.configure({ ...auth, success_interval_s: 0 });
    everywhere();
    expect(told()).toHaveLength(2 * once.length + 6);
  });

  it("is forgotten, and told again, once ten thousand others came after it", () => {
    const { identify, bus } = setUp();
    const place = (number: number) => from(`10.0.${number >> 8}.${number & 255}`);
    for (let number = 0; number <= 10_000; number++) identify(GOOD, place(number));
    expect(bus.of("authentication.succeeded")).toHaveLength(10_001);
    identify(GOOD, place(10_000));
    expect(bus.of("authentication.succeeded")).toHaveLength(10_001);
    identify(GOOD, place(0));
    expect(bus.of("authentication.succeeded")).toHaveLength(10_002);
  });
});

describe("a failed attempt", () => {
  it.each([
    ["nothing", {}, "no_credentials"],
    ["two credentials", { ...GOOD, "x-api-key": token }, "several_credentials"],
    ["another scheme", { authorization: `Basic ${token}` }, "unusable_credentials"],
    ["no token", { authorization: "Bearer " }, "unusable_credentials"],
    ["a key with a typing error", { "x-api-key": `${token}x` }, "malformed_api_key"],
    ["a key that nobody made", { "x-api-key": newApiKey().token }, "unknown_api_key"],
    ["a token, where none are taken", { authorization: "Bearer a.b.c" }, "tokens_not_accepted"],
  ])("with %s is recorded with its reason and address, and answered without a reason", (_what, headers, reason) => {
    const { identify, bus } = setUp();
    expect(identify(headers)).toMatchObject({ refusal: { status: 401, code: "unauthenticated" } });
    expect(bus.of("authentication.failed")).toMatchObject([{ reason, remoteAddress: "192.0.2.1", origin: "mcp" }]);
  });

  it.each([
    ["POST", "/mcp", "mcp", "mcp"],
    ["POST", "/servers/a/mcp?x=1", "mcp", "mcp"],
    ["GET", "/mcp", "mcp", undefined],
    ["GET", "/api/system", "rest", "rest"],
    ["GET", "/metrics", "metrics", undefined],
    ["GET", "/", "other", undefined],
  ])("by %s %s is one at the door %s, and a refused call of %s", (method, url, door, origin) => {
    const { identify, bus } = setUp();
    identify({}, { method, url });
    const [failed] = bus.of("authentication.failed");
    expect([failed?.door, failed?.origin]).toEqual([door, origin]);
  });

  it.each([
    ["an address", () => "198.51.100.1", "198.51.100.2"],
    ["a network of IPv6", (attempt: number) => `2001:db8:0:1::${attempt}`, "2001:db8:0:2::1"],
    [
      "a network of IPv6, however it is written",
      (attempt: number) =>
        ["2001:db8::1:0:0:0:1", "2001:db8:0:1::2", "2001:db8:0:1:0:0:0:3"][attempt] ?? "2001:db8:0:1::4",
      "2001:db8::1",
    ],
  ])("too many lock %s, and no other", (_what, addressOf, other) => {
    const { identify } = setUp({ lockout: { max_failures: 3, first_lock_s: 10 } });
    const attempt = (remoteAddress: string): Identification =>
      identify({ "x-api-key": "wrong" }, { socket: { remoteAddress } as IncomingMessage["socket"] });
    for (const index of [0, 1, 2]) expect(attempt(addressOf(index))).toMatchObject({ refusal: { status: 401 } });
    expect(attempt(addressOf(3))).toMatchObject({ refusal: { status: 429 } });
    expect(attempt(other)).toMatchObject({ refusal: { status: 401 } });
  });

  it("of others lock nobody out of a key, whose id is no secret", async () => {
    const folder = mkdtempSync(join(tmpdir(), "hangar-victim-"));
    const path = join(folder, "keys.json");
    await new KeyFile(path).update(() => [], { create: true });
    const { identify, system } = setUp({ api_keys: { file: path }, lockout: { max_failures: 3, first_lock_s: 10 } });
    const created = await system.keys?.create({ name: "victim", roles: ["agent"], expiresMs: undefined });
    if (created === undefined || created === "taken") throw new Error("no key");
    const forged = withChecksum(`mcph_${created.view.id}_${"0".repeat(43)}`);
    const attempt = (address: string, key: string): Identification =>
      identify({ "x-api-key": key }, { socket: { remoteAddress: address } as IncomingMessage["socket"] });
    for (const host of [1, 2, 3]) attempt(`198.51.100.${host}`, forged);
    expect(attempt("198.51.100.4", forged)).toMatchObject({ refusal: { status: 429 } });
    expect(attempt("192.0.2.7", created.token)).toMatchObject({ kind: "caller", caller: { id: "victim" } });
    rmSync(folder, { recursive: true, force: true });
  });

  it("too many lock a key, from whichever addresses they come, but not who has it already", () => {
    const { identify, clock } = setUp({ lockout: { max_failures: 3, first_lock_s: 10 } });
    const wrong = newApiKey().token;
    const attempt = (address: string, key = wrong): Identification =>
      identify({ "x-api-key": key }, { socket: { remoteAddress: address } as IncomingMessage["socket"] });
    for (const host of [1, 2, 3]) expect(attempt(`198.51.100.${host}`)).toMatchObject({ refusal: { status: 401 } });
    expect(attempt("198.51.100.4")).toMatchObject({ refusal: { status: 429, headers: { "retry-after": "10" } } });
    expect(attempt("198.51.100.5", token).kind).toBe("caller");
    clock.advance(10_000);
    expect(attempt("198.51.100.6")).toMatchObject({ refusal: { status: 401 } });
  });
});

describe("an address from which thousands of bad credentials came", () => {
  const secret = "a secret of at least 32 characters";
  const jwt = { issuer: "https://issuer.example", audience: ["hangar"], secret, default_roles: ["agent"] };
  const lockout = { max_failures: 3, first_lock_s: 900 };
  const sign = (clock: FakeClock, exp: number, key = secret): Promise<string> =>
    new SignJWT({ iss: jwt.issuer, aud: "hangar", sub: "ann", exp: clock.wallMs() / 1_000 + exp })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(key));

  it("is open to whoever proves who they are, with a key or a token that was never seen before", async () => {
    const { system, identify, clock } = setUp({ jwt, lockout });
    for (let attempt = 0; attempt < 20; attempt++) identify({ "x-api-key": newApiKey().token });
    expect(identify({ "x-api-key": "wrong" })).toMatchObject({ refusal: { status: 429 } });
    expect(identify(GOOD)).toMatchObject({ kind: "caller", caller: { id: "ci" } });
    const forged = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        sign(clock, 300, `another secret of the length that is asked for ${index}`),
      ),
    );
    const bearer = async (token: string): Promise<Identification> =>
      system.access.identify(requestWith({ authorization: `Bearer ${token}` }));
    const noise = forged.map(bearer);
    expect(await bearer(await sign(clock, 300))).toMatchObject({ kind: "caller", caller: { id: "ann" } });
    for (const refused of await Promise.all(noise)) expect(refused).toMatchObject({ refusal: { status: 429 } });
  });

  it("tells an honest client that its token has run out, so that it gets another", async () => {
    const { system, identify, clock } = setUp({ jwt, lockout });
    for (let attempt = 0; attempt < 20; attempt++) identify({ "x-api-key": newApiKey().token });
    const old = await sign(clock, -3_600);
    const identified = await system.access.identify(requestWith({ authorization: `Bearer ${old}` }));
    expect(identified).toMatchObject({
      refusal: { status: 401, headers: { "www-authenticate": expect.stringContaining("invalid_token") } },
    });
    expect(identify({})).toMatchObject({ refusal: { status: 401 } });
  });

  it("verifies nothing for a client that has left while it waited", async () => {
    const { system, identify, clock, bus } = setUp({ jwt, lockout });
    for (let attempt = 0; attempt < 20; attempt++) identify({ "x-api-key": newApiKey().token });
    const gone = { remoteAddress: "192.0.2.1", destroyed: true } as IncomingMessage["socket"];
    const headers = { authorization: `Bearer ${await sign(clock, 300)}` };
    expect((await system.access.identify(requestWith(headers, { socket: gone }))).kind).toBe("refused");
    expect(bus.of("authentication.failed").at(-1)).toMatchObject({ reason: "client_left" });
  });
});

it("a token that has expired stays so when the clock is set back", async () => {
  const secret = "a secret of at least 32 characters";
  const jwt = { issuer: "https://issuer.example", audience: ["hangar"], secret, default_roles: ["agent"] };
  const { system, clock } = setUp({ jwt });
  const token = await new SignJWT({ iss: jwt.issuer, aud: "hangar", sub: "ann", exp: clock.wallMs() / 1_000 + 300 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
  const identified = async () => system.access.identify(requestWith({ authorization: `Bearer ${token}` }));
  const known = await identified();
  clock.jumpWall(3_600_000);
  expect((await identified()).kind).toBe("refused");
  clock.jumpWall(-3_600_000);
  expect((await identified()).kind).toBe("refused");
  expect(known.kind === "caller" && system.access.permits(known.caller, "tools:call")).toBe(false);
  expect(system.health.map(({ name, run }) => [name, run().status])).toEqual([
    ["api_keys", "healthy"],
    ["clock", "degraded"],
  ]);
});

it("a token that expires ends what was begun with it", async () => {
  const secret = "a secret of at least 32 characters";
  const jwt = { issuer: "https://issuer.example", audience: ["hangar"], secret, default_roles: ["agent"] };
  const { system, clock } = setUp({ jwt });
  const signed = await new SignJWT({ iss: jwt.issuer, aud: "hangar", sub: "ann", exp: clock.wallMs() / 1_000 + 300 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
  const identified = await system.access.identify(requestWith({ authorization: `Bearer ${signed}` }));
  if (identified.kind === "refused") throw new Error(identified.refusal.message);
  const mayCall = (): boolean => system.access.admits(identified.caller, "math", "add");
  clock.advance(329_000);
  expect(mayCall()).toBe(true);
  clock.advance(1_000);
  expect(mayCall()).toBe(false);
});

describe("the challenge of a refusal", () => {
  const jwt = { issuer: "https://issuer.example", audience: ["hangar"] };
  const challengeOf = (refused: Identification): string =>
    refused.kind === "refused" ? (refused.refusal.headers?.["www-authenticate"] ?? "") : "";

  it("names the document at the address by which the client came", () => {
    const { identify } = setUp({ jwt });
    expect(challengeOf(identify({}))).toBe(
      'Bearer realm="mcp-hangar", resource_metadata="http://hangar.example/.well-known/oauth-protected-resource/mcp"',
    );
  });

  it("believes a trusted proxy about the scheme, and nobody else", () => {
    const headers = { "x-forwarded-proto": "https" };
    expect(challengeOf(setUp({ jwt }).identify(headers))).toContain('"http://hangar.example/');
    const behind = setUp({ jwt }, { trusted_proxies: ["192.0.2.0/24"] });
    expect(challengeOf(behind.identify(headers))).toContain('"https://hangar.example/');
  });

  it("has the configured address, whatever the request says", () => {
    const { identify } = setUp({ jwt }, { public_url: "https://mcp.example/" });
    expect(challengeOf(identify({ host: "evil.example" }))).toContain('"https://mcp.example/.well-known/');
  });

  it("says nothing that a Host header could break out of", () => {
    const { identify } = setUp({ jwt });
    expect(challengeOf(identify({ host: 'x", error="none' }))).toBe('Bearer realm="mcp-hangar"');
    expect(challengeOf(identify({}, { url: '/servers/x"y/mcp' }))).toContain('oauth-protected-resource"');
  });
});
