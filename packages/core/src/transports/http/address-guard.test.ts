import { describe, expect, it } from "vitest";
import { seededRandom } from "../../testing/seeded-random.ts";
import { AddressGuard } from "./address-guard.ts";

const strict = new AddressGuard([]);

describe("the address guard", () => {
  it.each([
    ["an unspecified address", "0.0.0.0", "0.255.0.1", "::"],
    ["a loopback address", "127.0.0.1", "127.255.255.255", "::1"],
    ["a link-local address", "169.254.0.1", "fe80::1", "febf::1", "fe80::1%eth0"],
    ["a private address", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::1", "fec0::1"],
    ["an address shared by customers of a carrier", "100.64.0.1", "100.127.255.255"],
    ["a multicast address", "224.0.0.1", "239.255.255.255", "ff02::1"],
    ["a reserved address", "240.0.0.1", "255.255.255.255", "192.0.0.8", "100::1", "2001::1", "5f00::1"],
    ["an address for documentation", "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    ["an address for benchmarks", "198.18.0.1", "198.19.255.255"],
    ["an address that stands for another", "::7f00:1", "::ffff:0:7f00:1", "2002:7f00:1::1", "64:ff9b:1::a00:1"],
  ])("has something against %s", (what, ...addresses) => {
    for (const address of addresses) expect([address, strict.objection(address)]).toEqual([address, what]);
  });

  it.each([
    ["mapped into IPv6", "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:0001"],
    ["translated by a NAT64", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1"],
  ])("sees a loopback address that is %s", (_how, ...addresses) => {
    for (const address of addresses)
      expect([address, strict.objection(address)]).toEqual([address, "a loopback address"]);
  });

  it.each(["::ffff:10.0.0.1", "::ffff:169.254.1.1", "::ffff:0.0.0.0", "64:ff9b::192.168.0.1", "::ffff:100.64.0.1"])(
    "has something against %s too",
    (address) => expect(strict.objection(address)).toBeDefined(),
  );

  it.each([
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
  ])("lets a connection to %s be made", (address) => expect(strict.objection(address)).toBeUndefined());

  it("judges an IPv4 address alike, however it is written into an IPv6 address", () => {
    const random = seededRandom(7);
    const guards = [strict, new AddressGuard(["10.0.0.0/9", "127.0.0.1", "100.64.0.0/12"])];
    for (let round = 0; round < 5_000; round++) {
      const first = random.chance(0.5)
        ? random.pick([0, 10, 100, 127, 169, 172, 192, 198, 203, 224])
        : random.integer(0, 255);
      const bytes = [first, random.integer(0, 255), random.integer(0, 255), random.integer(0, 255)];
      const dotted = bytes.join(".");
      const [a = 0, b = 0, c = 0, d = 0] = bytes;
      const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      for (const guard of guards) {
        const plain = guard.objection(dotted);
        for (const form of [`::ffff:${dotted}`, `::ffff:${hex}`, `64:ff9b::${hex}`, `0:0:0:0:0:FFFF:${hex}`]) {
          expect([form, guard.objection(form)]).toEqual([form, plain]);
        }
      }
    }
  });

  it("lets what is allowed be connected to, in every way to write it, and nothing beside", () => {
    const guard = new AddressGuard(["10.1.0.0/16", "fd00:1::/32"]);
    for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00:1::5"]) {
      expect([address, guard.objection(address)]).toEqual([address, undefined]);
    }
    for (const address of ["10.2.0.1", "127.0.0.1", "fd00:2::5"]) expect(guard.objection(address)).toBeDefined();
  });

  it("keeps the addresses where clouds hand out credentials, until one is allowed by itself", () => {
    const wide = new AddressGuard(["0.0.0.0/0", "::/0"]);
    for (const address of ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "168.63.129.16"]) {
      expect(wide.objection(address)).toBe("an address where clouds hand out credentials");
    }
    expect(wide.objection("127.0.0.1")).toBeUndefined();
    expect(new AddressGuard(["169.254.169.254"]).objection("169.254.169.254")).toBeUndefined();
  });

  it("has something against what is no address", () => {
    for (const text of ["", "localhost", "2130706433", "0x7f.1", "127.1"])
      expect(strict.objection(text)).toBe("no address");
  });
});
