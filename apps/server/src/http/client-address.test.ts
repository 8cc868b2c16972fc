import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { isAddressRange, requestOrigin, type TrustedProxies } from "./client-address.ts";

const PROXIES: TrustedProxies = { ranges: ["10.0.0.0/8", "127.0.0.1", "2001:db8::/32"], header: "x-forwarded" };

function requestFrom(
  remoteAddress: string | undefined,
  headers: Readonly<Record<string, string>> = {},
  encrypted = false,
): IncomingMessage {
  return { socket: { remoteAddress, encrypted }, headers } as unknown as IncomingMessage;
}

const addressOf = (remote: string | undefined, headers: Record<string, string>, options = PROXIES): string =>
  requestOrigin(options).address(requestFrom(remote, headers));

describe("the address of a client", () => {
  it.each([
    ["without a proxy is the peer's", "192.0.2.1", {}, "192.0.2.1"],
    ["is not what the client says of itself", "192.0.2.1", { "x-forwarded-for": "127.0.0.1" }, "192.0.2.1"],
    ["is what a trusted proxy says", "10.0.0.1", { "x-forwarded-for": "192.0.2.7" }, "192.0.2.7"],
    [
      "of a chain is the last that is not trusted",
      "10.0.0.1",
      { "x-forwarded-for": "1.1.1.1, 192.0.2.7, 10.9.9.9" },
      "192.0.2.7",
    ],
    [
      "that a client put in front does not count",
      "10.0.0.1",
      { "x-forwarded-for": "127.0.0.1, 192.0.2.7" },
      "192.0.2.7",
    ],
    [
      "behind trusted proxies only is the first of them",
      "10.0.0.1",
      { "x-forwarded-for": "10.0.0.9, 10.0.0.2" },
      "10.0.0.9",
    ],
    ["is the proxy's where it says nonsense", "10.0.0.1", { "x-forwarded-for": "192.0.2.7, <script>" }, "10.0.0.1"],
    ["is the proxy's where it does not know", "10.0.0.1", { "x-forwarded-for": "unknown" }, "10.0.0.1"],
    ["has no port", "10.0.0.1", { "x-forwarded-for": "192.0.2.7:4711" }, "192.0.2.7"],
    ["has no brackets", "10.0.0.1", { "x-forwarded-for": "[2001:beef::1]:4711" }, "2001:beef::1"],
    ["in IPv6 clothes is the IPv4 address", "::ffff:10.0.0.1", { "x-forwarded-for": "::ffff:192.0.2.7" }, "192.0.2.7"],
    ["of an IPv6 proxy counts too", "2001:db8::5", { "x-forwarded-for": "192.0.2.7" }, "192.0.2.7"],
    ["is not taken from the other header", "10.0.0.1", { forwarded: "for=192.0.2.7" }, "10.0.0.1"],
    ["that is gone is empty", undefined, { "x-forwarded-for": "192.0.2.7" }, ""],
  ] as const)("%s", (_what, remote, headers, expected) => {
    expect(addressOf(remote, headers)).toBe(expected);
  });

  it.each([
    ["for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"],
    ['for="[2001:beef::17]:4711"', "2001:beef::17"],
    ["For=192.0.2.43, for=192.0.2.60", "192.0.2.60"],
    ["for=_hidden", "10.0.0.1"],
    ["proto=https", "10.0.0.1"],
    ["", "10.0.0.1"],
  ])("comes from Forwarded where that is configured: %j", (forwarded, expected) => {
    const headers = { forwarded, "x-forwarded-for": "127.0.0.1" };
    expect(addressOf("10.0.0.1", headers, { ...PROXIES, header: "forwarded" })).toBe(expected);
  });

  it("is never believed without a trusted proxy", () => {
    expect(addressOf("127.0.0.1", { "x-forwarded-for": "192.0.2.7" }, { ranges: [], header: "x-forwarded" })).toBe(
      "127.0.0.1",
    );
  });

  it("of ten thousand hops is found at once", () => {
    const hops = Array.from({ length: 10_000 }, () => "10.0.0.3").join(",");
    expect(addressOf("10.0.0.1", { "x-forwarded-for": `192.0.2.7,${hops}` })).toBe("10.0.0.3");
  });
});

describe("the scheme of a request", () => {
  it.each([
    ["10.0.0.1", { "x-forwarded-proto": "https" }, false, "https"],
    ["10.0.0.1", { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https" }, false, "https"],
    ["10.0.0.1", { "x-forwarded-proto": "javascript" }, false, "http"],
    ["192.0.2.1", { "x-forwarded-proto": "https" }, false, "http"],
    ["192.0.2.1", { "x-forwarded-proto": "http" }, true, "https"],
    ["10.0.0.1", {}, true, "https"],
  ] as const)("from %s with %j and TLS %s is %s", (remote, headers, encrypted, expected) => {
    expect(requestOrigin(PROXIES).scheme(requestFrom(remote, headers, encrypted))).toBe(expected);
  });
});

it.each([
  ["10.0.0.0/8", true],
  ["10.0.0.1", true],
  ["::1", true],
  ["2001:db8::/32", true],
  ["10.0.0.0/33", false],
  ["10.0.0.0/8/8", false],
  ["10.0.0/8", false],
  ["proxy.example", false],
  ["", false],
  ["::/129", false],
])("%j is an address range: %s", (text, expected) => {
  expect(isAddressRange(text)).toBe(expected);
});
