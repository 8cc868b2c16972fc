import { describe, expect, it } from "vitest";
import { NoProxy, noProxyProblem } from "./no-proxy.ts";

const direct = (entries: string, url: string): boolean => new NoProxy(NoProxy.entriesOf(entries)).matches(new URL(url));

describe("an exception from the proxy", () => {
  it.each([
    ["example.com", "https://example.com/mcp"],
    ["example.com", "https://api.example.com/mcp"],
    ["EXAMPLE.com", "https://api.example.COM."],
    [".example.com", "https://example.com"],
    [".example.com", "https://a.b.example.com"],
    ["*.example.com", "https://a.example.com"],
    ["example.com.", "https://example.com"],
    ["bücher.example", "https://xn--bcher-kva.example"],
    ["intranet", "http://intranet:8080"],
    ["my_host", "http://my_host"],
    ["example.com:8443", "https://example.com:8443"],
    ["example.com:443", "https://example.com"],
    ["example.com:80", "http://example.com"],
    ["10.1.2.3", "http://10.1.2.3"],
    ["10.1.2.3:9000", "http://10.1.2.3:9000"],
    ["10.0.0.0/8", "https://10.200.1.1"],
    ["192.168.1.10-192.168.1.20", "https://192.168.1.15"],
    ["fd00::/8", "https://[fd12::1]"],
    ["2001:db8::1", "https://[2001:db8::1]"],
    ["[2001:db8::1]:8443", "https://[2001:db8::1]:8443"],
    ["*", "https://anything.example"],
    ["a.example, b.example  c.example", "https://b.example"],
    ["a.example, b.example  c.example", "https://c.example"],
  ])("%s stands for %s", (entries, url) => {
    expect(direct(entries, url)).toBe(true);
  });

  it.each([
    ["example.com", "https://badexample.com"],
    ["example.com", "https://example.com.evil.example"],
    ["example.com:8443", "https://example.com"],
    ["example.com:80", "https://example.com"],
    ["10.0.0.0/8", "https://11.0.0.1"],
    ["10.0.0.0/8", "https://ten.example"],
    ["192.168.1.10-192.168.1.20", "https://192.168.1.21"],
    ["2001:db8::1", "https://[2001:db8::2]"],
    ["", "https://example.com"],
    ["http://example.com", "https://example.com"],
  ])("%s does not stand for %s", (entries, url) => {
    expect(direct(entries, url)).toBe(false);
  });

  it.each([
    "http://example.com",
    "a/b",
    "10.0.0.0/33",
    "10.0.0.9-10.0.0.1",
    "example.com:port",
    "example.com:70000",
    "-",
  ])("%s means nothing, which is found", (entry) => {
    expect(noProxyProblem(entry)).toContain("is no host");
  });
});
