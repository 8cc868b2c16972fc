import { describe, expect, it } from "vitest";
import { seededRandom } from "../testing/seeded-random.ts";
import { nameFilter, uriFilter } from "./item-filter.ts";

describe("rules about names", () => {
  it("let everything by when there are none", () => {
    expect(nameFilter(undefined)("x".repeat(2_000))).toBe(true);
    expect(nameFilter({})("drop_table")).toBe(true);
  });

  it("show what is allowed and not denied", () => {
    const visible = nameFilter({ allow: ["get_*", "drop_table"], deny: ["*_table"] });
    expect(["get_user", "get_table", "drop_table", "put_user"].filter(visible)).toEqual(["get_user"]);
    expect(["get_user"].filter(nameFilter({ allow: [] }))).toEqual([]);
  });

  it("hide a name that is too long to be looked at, also where only some are denied", () => {
    expect(nameFilter({ deny: ["drop_*"] })(`drop_${"x".repeat(2_000)}`)).toBe(false);
  });

  it("take a bounded number of steps for a name, and hide one that needs more", () => {
    const globs = Array.from({ length: 1_000 }, (_, index) => `*${"a?".repeat(60)}b${index}`);
    expect(nameFilter({ deny: globs })("a".repeat(250))).toBe(false);
    expect(nameFilter({ deny: globs })("get_user")).toBe(true);
    const honest = Array.from({ length: 500 }, (_, index) => `*internal_${index}_*`);
    expect(nameFilter({ deny: honest })("get_user_by_name_and_address")).toBe(true);
  });
});

describe("rules about URIs", () => {
  it("let everything by when there are none", () => {
    expect(uriFilter(undefined)(`memo://${"x".repeat(10_000)}`)).toBe(true);
    expect(uriFilter({})("memo://a/../b")).toBe(true);
  });

  it("match the text as the server spells it", () => {
    const visible = uriFilter({ allow: ["file:///public/*", "memo://{kind}/{id}", "urn:x:?"], deny: ["*.key"] });
    const shown = ["file:///public/a b", "file:///public/A.TXT", "memo://{kind}/{id}", "urn:x:1"];
    const hidden = ["file:///public/a.key", "file:///etc/passwd", "memo://{id}", "urn:x:12", "/public/a", ""];
    expect([...shown, ...hidden].filter(visible)).toEqual(shown);
  });

  it.each([
    "file:///secret/x",
    "FILE:///secret/x",
    "file:/secret/x",
    "file://localhost/secret/x",
    "file:\\\\\\secret\\x",
    "file:///%73ecret/x",
    "file:///%2573ecret/x",
    "file:///%25252573ecret/x",
    "file:///public/../secret/x",
    "file:///public/%2e%2E/secret/x",
    "file:///public/..%2fsecret/x",
    "file:///public/..%5Csecret/x",
    "file:///./secret/x",
    "file:////secret//x",
    "file:///sec\tret/x",
    " file:///secret/x",
    "file:///secret/x?/../../public/y",
    "FILE:///secret/x?/../../public/y",
    "file:///public%3F/../secret/x",
    "FILE:///secret%2Fx#/../../public",
  ])("deny %j where file:///secret/* is denied", (uri) => {
    expect(uriFilter({ deny: ["file:///secret/*"] })(uri)).toBe(false);
    expect(uriFilter({ deny: ["File:///%73ecret/*"] })(uri)).toBe(false);
  });

  it.each([
    "https://intranet/a",
    "HTTPS://INTRANET/a",
    "https://user@intranet/a",
    "https://user:word@intranet:443/a",
    "https:intranet/a",
    "https:/\\intranet/a",
    "https://%69ntranet/a",
  ])("deny %j where https://intranet/* is denied", (uri) => {
    expect(uriFilter({ deny: ["https://intranet/*"] })(uri)).toBe(false);
    expect(uriFilter({ deny: ["*://Intranet/*"] })(uri)).toBe(false);
  });

  it.each([
    "http://intranet/secret?",
    "http://intranet/secret?a=b",
    "http://intranet/secret#a",
    "http://intranet/secret?a#b",
    "http://intranet/secret%23a",
    "http://intranet/secret%3Fa",
    "http://intranet/secret/",
    "http://intranet/secret/?a",
    "http://intranet:80/secret",
    "http://intranet:8080/secret",
    "http://intranet:/secret#a",
    "http://intranet./secret",
    "http://me@intranet.:80/secret?a",
    "http://intranet/secret\0",
    "http://intranet/secret%00.png",
    "http://intranet/sec\u0001ret",
    "http://intranet/public/../secret?a",
    "HTTP://INTRANET/%73ecret/#a",
  ])("deny %j where http://intranet/secret is denied", (uri) => {
    expect(uriFilter({ deny: ["http://intranet/secret"] })(uri)).toBe(false);
  });

  it.each([
    "http://intranet/secrets",
    "http://intranet/public?secret",
    "http://intranet/public#/secret",
    "http://intranet/public/secret/",
    "http://intranet.example/secret",
    "http://public:80/secret",
  ])("show %j where http://intranet/secret is denied", (uri) => {
    expect(uriFilter({ deny: ["http://intranet/secret"] })(uri)).toBe(true);
  });

  it.each([
    "memo:secret/1",
    "memo:/secret/1",
    "memo://secret/1",
    "memo:///secret/1",
    "memo://///secret/1",
    "MEMO:/Secret/1",
    "memo:%2Fsecret/1",
    "memo:\\secret/1",
    "memo:/./secret/1?a",
  ])("deny %j however many slashes a rule has behind the scheme", (uri) => {
    for (const slashes of ["", "/", "//", "///"]) {
      expect(uriFilter({ deny: [`memo:${slashes}secret/*`] })(uri), slashes).toBe(false);
      expect(uriFilter({ deny: [`mem*:${slashes}Secret/1*`] })(uri), slashes).toBe(false);
      expect(uriFilter({ deny: [`memo:${slashes}public/*`] })(uri), slashes).toBe(true);
    }
  });

  it("tell ports apart where a rule names one", () => {
    const visible = uriFilter({ deny: ["http://intranet:8080/*"] });
    expect(["http://intranet/a", "http://intranet:80/a"].filter(visible)).toHaveLength(2);
    expect(["http://intranet:8080/a?b", "http://intranet:8080/a#b"].filter(visible)).toEqual([]);
  });

  it.each([
    "file:///public/../secret/x",
    "file:///public/%2e%2e/secret/x",
    "file:///public/a/..\\../secret/x",
    "file:///public/..%252fsecret/x",
    "file:///public/..",
  ])("do not allow %j where only file:///public/* is allowed", (uri) => {
    expect(uriFilter({ allow: ["file:///public/*"] })(uri)).toBe(false);
  });

  it.each([
    "file:///public/a",
    "file:///public/a%20b",
    "file:///public/a//b/",
    "file:///public/a/../b",
    "file:///public/..a/b..",
    "file:///public/%C3%A9",
    "file:///public/secret?x=../y",
  ])("show %j where file:///public/* is allowed and file:///secret/* is denied", (uri) => {
    expect(uriFilter({ allow: ["file:///public/*"], deny: ["file:///secret/*"] })(uri)).toBe(true);
  });

  it("show a URI that a rule allows word for word, however it is spelled", () => {
    for (const uri of ["Memo://Notes/A%20B", "https://user@host:443/a//b", "no uri at all", "HTTP:x"]) {
      expect(uriFilter({ allow: [uri] })(uri)).toBe(true);
      expect(uriFilter({ deny: [uri] })(uri)).toBe(false);
    }
  });

  it("hide a URI that is too long to be looked at, or encoded over itself without an end", () => {
    expect(uriFilter({ deny: ["memo://x"] })(`memo://${"x".repeat(2_100)}`)).toBe(false);
    expect(uriFilter({ deny: ["memo://x"] })(`memo://%${"25".repeat(10)}73`)).toBe(false);
  });

  it("hide a URI over which they would take too long", () => {
    const globs = Array.from({ length: 1_000 }, (_, index) => `*${"a?".repeat(60)}b${index}`);
    expect(uriFilter({ deny: globs })(`memo://${"a".repeat(1_000)}`)).toBe(false);
    expect(uriFilter({ deny: globs })("memo://notes/1")).toBe(true);
  });

  it("never show what a rule denies, in whichever ways a URI is spelled", () => {
    const random = seededRandom(20_261_130);
    const encoded = (character: string): string => `%${character.charCodeAt(0).toString(16)}`;
    const spelled = (character: string): string => {
      const once = encoded(character);
      return random.pick([character, character, once, once.replace("%", "%25")]);
    };
    const visible = uriFilter({ allow: ["*"], deny: ["memo://notes/secret/x"] });
    for (let round = 0; round < 2_000; round++) {
      const start = random.pick([
        "memo://notes",
        "MEMO://Notes",
        "memo://me@NOTES",
        "memo://notes:1",
        "memo://notes.",
        "memo:/notes",
        "Memo:notes",
        "memo:///NOTES",
      ]);
      const detours = Array.from({ length: random.integer(0, 3) }, () =>
        random.pick(["./", "/", "x/../", "x%2f..\\", "%2e/", "x/y/../../"]),
      );
      const end = random.pick(["", "", "?", "?a=b", "#", "#a", "/", "%23a", "%00", "\u0007"]);
      const uri = `${start}/${detours.join("")}${Array.from("secret/x", spelled).join("")}${end}`;
      expect(visible(uri), uri).toBe(false);
    }
  });
});
