import { describe, expect, it } from "vitest";
import { isLoopback, parseHost } from "./host-names.ts";
import { type GuardOptions, requestGuard } from "./request-guard.ts";

const OWN = ["10.1.2.3", "fe80::1%eth0", "2001:db8::7"];

/** A guard that is shown nothing but headers. */
const guard = (options: Partial<GuardOptions> = {}) => {
  const defaults = { boundTo: "127.0.0.1", allowedHosts: [], allowedOrigins: [], nowMs: () => 0 };
  const look = requestGuard({ ...defaults, ownAddresses: () => OWN, ...options });
  return (headers: Record<string, string>) => look({ headers, rawHeaders: Object.entries(headers).flat() });
};

const codeOf = (headers: Record<string, string>, options: Partial<GuardOptions> = {}): string | undefined =>
  guard(options)(headers)?.code;

describe("on a loopback bind the Host", () => {
  it.each([
    "localhost",
    "localhost:8000",
    "LOCALHOST:1",
    "localhost.",
    "127.0.0.1",
    "127.0.0.1:8000",
    "127.1.2.3",
    "[::1]",
    "[::1]:8000",
  ])("%s is served", (host) => {
    expect(codeOf({ host })).toBeUndefined();
  });

  it.each([
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1.nip.io",
    "10.0.0.1",
    "0.0.0.0",
    "[::2]",
    "169.254.169.254",
    "localhost@evil.example",
    "localhost:8000:1",
    "localhost/",
    "",
    "a b",
    "::1",
    "[::1",
    "xn--localhost",
  ])("%j is refused", (host) => {
    expect(codeOf({ host })).toBe("host_not_allowed");
  });

  it("that is missing is refused", () => {
    expect(guard()({})).toMatchObject({ status: 400, code: "host_missing" });
  });

  it("is remembered only when it is good, and a refusal is said again", () => {
    const remembering = guard();
    for (let index = 0; index < 200; index++) {
      expect(remembering({ host: `localhost:${index}` })).toBeUndefined();
      expect(remembering({ host: `evil${index}.example` })?.status).toBe(403);
    }
  });
});

describe("a host that is allowed", () => {
  const options = { allowedHosts: ["hangar.example", "other.example:8443"] };
  it.each([
    ["hangar.example", undefined],
    ["hangar.example:1", undefined],
    ["HANGAR.example", undefined],
    ["other.example:8443", undefined],
    ["other.example", "host_not_allowed"],
    ["other.example:1", "host_not_allowed"],
    ["sub.hangar.example", "host_not_allowed"],
  ])("%s → %s", (host, code) => {
    expect(codeOf({ host }, options)).toBe(code);
  });
});

describe("on a bind beyond loopback", () => {
  const everywhere = ["0.0.0.0", "::", "[::]"];
  it.each([
    ["localhost:8000", undefined],
    ["127.0.0.1", undefined],
    ["[::1]:8000", undefined],
    ["10.1.2.3:8000", undefined],
    ["[fe80::1]", undefined],
    ["[2001:DB8:0::7]:80", undefined],
    ["hangar.example", undefined],
    ["10.1.2.4:8000", "host_not_allowed"],
    ["[2001:db8::8]", "host_not_allowed"],
    ["0.0.0.0", "host_not_allowed"],
    ["evil.example", "host_not_allowed"],
    ["evil.example:8000", "host_not_allowed"],
    ["10.1.2.3.nip.io", "host_not_allowed"],
    ["host.docker.internal", "host_not_allowed"],
    ["not a host", "host_not_allowed"],
  ])("of all addresses, %s → %s", (host, code) => {
    for (const boundTo of everywhere)
      expect(codeOf({ host }, { boundTo, allowedHosts: ["hangar.example"] })).toBe(code);
  });

  it("of one address or name, that is served and no other of the machine", () => {
    for (const [boundTo, host] of [
      ["10.1.2.3", "10.1.2.3:8000"],
      ["hangar.internal", "HANGAR.internal."],
      ["2001:db8:0::7", "[2001:db8::7]"],
    ] as const) {
      expect(codeOf({ host }, { boundTo })).toBeUndefined();
      expect(codeOf({ host: "localhost" }, { boundTo })).toBeUndefined();
      expect(codeOf({ host: "[fe80::1]" }, { boundTo })).toBe("host_not_allowed");
      expect(codeOf({ host: "evil.example" }, { boundTo })).toBe("host_not_allowed");
    }
  });

  it("an address that the machine gets later is served, and it is not asked for its addresses with each refusal", () => {
    let nowMs = 0;
    let asked = 0;
    const addresses = ["10.1.2.3"];
    const ownAddresses = (): readonly string[] => {
      asked++;
      return addresses;
    };
    const look = guard({ boundTo: "0.0.0.0", ownAddresses, nowMs: () => nowMs });
    for (let index = 0; index < 100; index++) look({ host: `10.9.9.${index}` });
    expect(asked).toBe(1);
    addresses.push("10.1.2.9");
    expect(look({ host: "10.1.2.9" })?.status).toBe(403);
    nowMs = 1_000;
    expect(look({ host: "10.1.2.9" })).toBeUndefined();
  });

  it("says which option lets a name in", () => {
    expect(guard({ boundTo: "0.0.0.0" })({ host: "evil.example" })).toMatchObject({
      status: 403,
      message: expect.stringContaining("http.allowed_hosts"),
    });
  });

  it("foreign pages stay out nevertheless", () => {
    expect(codeOf({ host: "localhost", origin: "http://h" }, { boundTo: "0.0.0.0" })).toBe("origin_not_allowed");
  });
});

describe("a header that may stand there once", () => {
  const look = requestGuard({ boundTo: "127.0.0.1", allowedHosts: [], allowedOrigins: [], nowMs: () => 0 });
  it.each([
    [["Host", "localhost", "hOST", "evil.example"], "header_repeated"],
    [["Host", "localhost", "Host", "localhost"], "header_repeated"],
    [["host", "localhost", "authorization", "Bearer a", "Authorization", "Bearer b"], "header_repeated"],
    [["Host", "localhost", "Accept", "a", "Accept", "b", "X-Host", "x", "Hos", "t"], undefined],
  ])("%j → %s", (rawHeaders, code) => {
    expect(look({ headers: { host: "localhost" }, rawHeaders })?.code).toBe(code);
  });
});

describe("the Origin", () => {
  const options = { allowedOrigins: ["https://chat.example"] };
  it.each([
    ["http://localhost:6274", undefined],
    ["https://127.0.0.1", undefined],
    ["http://[::1]:3000", undefined],
    ["https://chat.example", undefined],
    ["http://chat.example", "origin_not_allowed"],
    ["https://chat.example:8443", "origin_not_allowed"],
    ["https://evil.example", "origin_not_allowed"],
    ["https://localhost.evil.example", "origin_not_allowed"],
    ["https://evil.example#localhost", "origin_not_allowed"],
    ["https://localhost@evil.example", "origin_not_allowed"],
    ["null", "origin_not_allowed"],
    ["file://", "origin_not_allowed"],
    ["", "origin_not_allowed"],
  ])("%j → %s", (origin, code) => {
    expect(codeOf({ host: "localhost", origin }, options)).toBe(code);
  });
});

it("loopback is what cannot leave this machine", () => {
  for (const name of ["localhost", "127.0.0.1", "127.255.255.254", "::1", "[::1]", "::ffff:127.0.0.1"])
    expect(isLoopback(name), name).toBe(true);
  for (const name of ["0.0.0.0", "::", "10.0.0.1", "example.com", "127.evil.example", "", "::ffff:10.0.0.1"])
    expect(isLoopback(name), name).toBe(false);
  expect(parseHost("[::1]:80")).toEqual({ name: "::1", port: "80" });
});
