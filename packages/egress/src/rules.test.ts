import { describe, expect, it } from "vitest";
import { type Environment, proxiesOf } from "./environment.ts";
import { DIRECT, EgressRules } from "./rules.ts";

const URLS = {
  http: new URL("http://mcp.example/mcp"),
  https: new URL("https://mcp.example/mcp"),
} as const;

/** Which proxies the environment leads to, for plain HTTP and for HTTPS. */
function ways(env: Environment): readonly (string | undefined)[] {
  const rules = new EgressRules(proxiesOf(env).settings);
  return [rules.proxyFor(URLS.http)?.name, rules.proxyFor(URLS.https)?.name];
}

describe("the environment", () => {
  it.each<[string, Environment, readonly (string | undefined)[]]>([
    ["nothing", {}, [undefined, undefined]],
    ["HTTP_PROXY alone", { HTTP_PROXY: "http://a:1" }, ["a:1", undefined]],
    ["HTTPS_PROXY alone", { HTTPS_PROXY: "http://a:1" }, [undefined, "a:1"]],
    ["both", { HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://b:2" }, ["a:1", "b:2"]],
    ["small letters before capitals", { https_proxy: "http://a:1", HTTPS_PROXY: "http://b:2" }, [undefined, "a:1"]],
    ["an empty variable before capitals", { https_proxy: "", HTTPS_PROXY: "http://b:2" }, [undefined, undefined]],
    ["NO_PROXY", { HTTPS_PROXY: "a:1", HTTP_PROXY: "a:1", NO_PROXY: "example" }, [undefined, undefined]],
    ["no_proxy before NO_PROXY", { HTTPS_PROXY: "a:1", no_proxy: "other", NO_PROXY: "*" }, [undefined, "a:1"]],
    ["an empty no_proxy", { HTTPS_PROXY: "a:1", no_proxy: "" }, [undefined, "a:1"]],
    ["what cannot be used", { HTTPS_PROXY: "socks5://a:1" }, [undefined, undefined]],
  ])("leads %s where it says", (_what, env, expected) => {
    expect(ways(env)).toEqual(expected);
  });

  it("is told what it says wrongly by the name of the variable, without its value", () => {
    const { problems } = proxiesOf({
      https_proxy: "socks5://u:hunter22@a",
      HTTP_PROXY: "http://a:1",
      NO_PROXY: "http://b",
    });
    expect(problems.map(({ variable }) => variable)).toEqual(["https_proxy", "NO_PROXY"]);
    expect(JSON.stringify(problems)).not.toContain("hunter22");
  });
});

describe("this machine itself", () => {
  const { proxy } = { proxy: proxiesOf({ HTTP_PROXY: "http://a:1" }).settings.http };
  const hosts = [
    "localhost",
    "LOCALHOST.",
    "app.localhost",
    "127.0.0.1",
    "127.9.9.9",
    "2130706433",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
  ];

  it.each(hosts)("is reached directly as %s, unless the proxy is asked for", (host) => {
    const url = new URL(`http://${host}:8080/mcp`);
    expect(new EgressRules({ http: proxy }).proxyFor(url)).toBeUndefined();
    expect(new EgressRules({ http: proxy, loopback: true }).proxyFor(url)).toBe(proxy);
  });

  it.each(["128.0.0.1", "localhost.example", "mylocalhost", "[::2]", "[::ffff:10.0.0.1]"])("is not %s", (host) => {
    expect(new EgressRules({ http: proxy }).proxyFor(new URL(`http://${host}/`))).toBe(proxy);
  });
});

it("connects directly where nothing is said, and for other schemes", () => {
  expect(DIRECT.proxyFor(URLS.https)).toBeUndefined();
  const { settings } = proxiesOf({ HTTP_PROXY: "http://a:1", HTTPS_PROXY: "http://a:1" });
  expect(new EgressRules(settings).proxyFor(new URL("ftp://mcp.example/"))).toBeUndefined();
});
