import { describe, expect, it } from "vitest";
import { addressRange, rangeOf } from "./address-range.ts";

describe("an address range", () => {
  it("is an address with the number of bits that its addresses share", () => {
    expect(rangeOf("10.0.0.0/8")).toEqual({ address: "10.0.0.0", prefix: 8, family: "ipv4" });
    expect(rangeOf("fd00::/8")).toEqual({ address: "fd00::", prefix: 8, family: "ipv6" });
  });

  it("is one address when it has no number of bits", () => {
    expect(rangeOf("192.0.2.1")).toEqual({ address: "192.0.2.1", prefix: 32, family: "ipv4" });
    expect(rangeOf("::1")).toEqual({ address: "::1", prefix: 128, family: "ipv6" });
  });

  it.each([
    "",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
    "10.0/8",
    "host/8",
    "fe80::1%eth0",
    "010.0.0.1",
  ])("is not %j", (text) => {
    expect(rangeOf(text)).toBeUndefined();
    expect(addressRange.safeParse(text).success).toBe(false);
  });
});
