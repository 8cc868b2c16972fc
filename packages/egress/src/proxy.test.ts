import { describe, expect, it } from "vitest";
import { parseProxy } from "./proxy.ts";

describe("the URL of a proxy", () => {
  it.each([
    ["http://proxy.example:3128", "http:", "proxy.example:3128", undefined],
    ["http://proxy.example:3128/", "http:", "proxy.example:3128", undefined],
    ["proxy.example:3128", "http:", "proxy.example:3128", undefined],
    ["  proxy.example  ", "http:", "proxy.example:80", undefined],
    ["https://proxy.example", "https:", "proxy.example:443", undefined],
    ["HTTP://Proxy.Example:8080", "http:", "proxy.example:8080", undefined],
    ["http://[2001:db8::1]:3128", "http:", "[2001:db8::1]:3128", undefined],
    ["http://user:secret@proxy.example:3128", "http:", "proxy.example:3128", "user:secret"],
    ["user:secret@proxy.example:3128", "http:", "proxy.example:3128", "user:secret"],
    ["http://us%40er:p%3A%2F%C3%BC@proxy.example", "http:", "proxy.example:80", "us@er:p:/ü"],
    ["http://user@proxy.example", "http:", "proxy.example:80", "user:"],
  ])("%s is read", (text, protocol, name, credentials) => {
    const parsed = parseProxy(text, "HTTPS_PROXY");
    if (!("proxy" in parsed)) throw new Error(parsed.problem);
    const { proxy } = parsed;
    expect([proxy.url.protocol, proxy.name, proxy.source]).toEqual([protocol, name, "HTTPS_PROXY"]);
    const shown = proxy.authorization?.replace(/^Basic /, "");
    expect(shown && Buffer.from(shown, "base64").toString()).toBe(credentials);
    expect(proxy.url.href).not.toContain("@");
  });

  it.each([
    ["", "is no URL"],
    ["http://", "is no URL"],
    ["http://proxy.example:99999", "is no URL"],
    ["socks5://user:hunter22@proxy.example", "of the kind socks5, which is not supported"],
    ["http://user:hunter22@proxy.example/pac", "behind the host"],
    ["http://proxy.example?x=hunter22", "behind the host"],
    ["http://user:hunter22%@proxy.example", "not percent-encoded"],
  ])("%s is refused, without being quoted", (text, why) => {
    const parsed = parseProxy(text, "HTTPS_PROXY");
    expect("problem" in parsed && parsed.problem).toContain(why);
    expect(JSON.stringify(parsed)).not.toContain("hunter22");
  });
});
