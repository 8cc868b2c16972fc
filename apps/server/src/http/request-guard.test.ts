import { describe, expect, it } from "vitest";
import { isLoopback, parseHost } from "./host-names.ts";
import { type GuardOptions, requestGuard } from "./request-guard.ts";

const guard = (options: Partial<GuardOptions> = {}) =>
  requestGuard({ boundTo: "127.0.0.1", allowedHosts: [], allowedOrigins: [], ...options });

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
  it("any host is served until some are listed", () => {
    expect(codeOf({ host: "10.1.2.3:8000" }, { boundTo: "0.0.0.0" })).toBeUndefined();
    expect(codeOf({ host: "not a host" }, { boundTo: "0.0.0.0" })).toBe("host_not_allowed");
    const listed = { boundTo: "0.0.0.0", allowedHosts: ["hangar.example"] };
    expect(codeOf({ host: "10.1.2.3:8000" }, listed)).toBe("host_not_allowed");
    expect(codeOf({ host: "hangar.example" }, listed)).toBeUndefined();
  });

  it("foreign pages stay out nevertheless", () => {
    expect(codeOf({ host: "h", origin: "http://h" }, { boundTo: "0.0.0.0" })).toBe("origin_not_allowed");
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
