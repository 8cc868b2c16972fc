import { describe, expect, it } from "vitest";
import { remoteOptions } from "../../options.ts";
import { seededRandom } from "../../testing/seeded-random.ts";
import { remoteProblems } from "./remote-problems.ts";

type Given = Readonly<Record<string, unknown>>;

/** The keys that are refused, and what is said, when a remote server is configured with `options`. */
function refusals(options: Given): readonly string[] {
  const parsed = remoteOptions.safeParse({ mode: "remote", endpoint: "https://example.com/mcp", ...options });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("the options of a remote server are refused", () => {
  it.each([
    "Accept",
    "accept-encoding",
    "Connection",
    "Content-Length",
    "content-type",
    "Expect",
    "HOST",
    "Keep-Alive",
    "Last-Event-ID",
    "Mcp-Method",
    "Mcp-Name",
    "Mcp-Param-x",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
    "Proxy-Connection",
    "TE",
    "traceparent",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
  ])("with the header %s, which belongs to the transport", (name) => {
    expect(refusals({ headers: { [name]: "x" } })).toEqual([
      `headers.${name}: MCP Hangar sets this header itself for every request: remove it`,
    ]);
  });

  it.each<readonly [string, Given, string]>([
    ["a name that is no header name", { headers: { "X Y": "1" } }, "headers.X Y: this is no name"],
    ["an empty name", { headers: { "": "1" } }, "headers.: this is no name"],
    ["an empty value", { headers: { "X-A": "" } }, "headers.X-A: the value is empty"],
    ["a blank at the end of a value", { headers: { "X-A": "a " } }, "headers.X-A: the value is empty"],
    ["a header in two spellings", { headers: { "X-A": "1", "x-a": "2" } }, "headers.x-a: the header is there"],
    [
      "Authorization beside auth",
      { headers: { authorization: "x" }, auth: { type: "bearer", token: "t" } },
      "headers.authorization: both auth and this header are set",
    ],
    ["a token with a line break", { auth: { type: "bearer", token: "t\n" } }, "auth.token: the token has characters"],
    [
      "a user name with a colon",
      { auth: { type: "basic", username: "a:b", password: "c" } },
      "auth.username: a user name",
    ],
    ["a user in the URL", { endpoint: "https://ann@example.com/mcp" }, "endpoint: the URL must not contain cred"],
    ["a password in the URL", { endpoint: "https://:pw@example.com/mcp" }, "endpoint: the URL must not contain cred"],
    ["port 0", { endpoint: "https://example.com:0/mcp" }, "endpoint: nothing can listen on port 0"],
    ["tls without https", { endpoint: "http://example.com/mcp", tls: {} }, "tls: the endpoint starts with http://"],
    ["a certificate without its key", { tls: { cert_file: "c.pem" } }, "tls.cert_file: a client certificate needs"],
    ["a key without its certificate", { tls: { key_file: "k.pem" } }, "tls.key_file: a client certificate needs"],
  ])("with %s", (_name, options, refusal) => {
    expect(refusals(options)).toEqual([expect.stringContaining(refusal)]);
  });

  it("with all that is wrong at once", () => {
    const found = refusals({
      endpoint: "https://a:b@c.example/",
      headers: { Host: "x", TE: "y" },
      tls: { key_file: "k" },
    });
    expect(found).toHaveLength(4);
  });

  it("without showing values that may be secrets", () => {
    const auth = { type: "bearer", token: "s3cret\n" };
    expect(refusals({ headers: { "X-Key": "s3cret\r\nX-Evil: 1" }, auth }).join()).not.toContain("s3cret");
    expect(refusals({ endpoint: "https://ann:s3cret@example.com/" }).join()).not.toContain("s3cret");
  });
});

it("takes what a server may want: its own headers, credentials and files", () => {
  const headers = { "X-Api-Key": "k", Cookie: "a=b", "User-Agent": "own", Origin: "https://a.example" };
  const tls = { ca_file: "ca", cert_file: "c", key_file: "k", server_name: "a.example" };
  expect(refusals({ headers, tls, auth: { type: "basic", username: "a", password: "ü:\n" } })).toEqual([]);
});

it("never takes headers that the platform's own HTTP implementation would refuse", () => {
  const random = seededRandom(20_261_130);
  const alphabet: readonly [string, ...string[]] = [
    "a",
    "X-",
    "-",
    " ",
    "\t",
    "\r\n",
    "\0",
    "é",
    "：",
    ":",
    "(",
    "host",
    "Mcp-Param-",
    "~",
    "1",
  ];
  const word = (): string => Array.from({ length: random.integer(0, 4) }, () => random.pick(alphabet)).join("");
  for (let round = 0; round < 2_000; round++) {
    const [name, value] = [word(), word()];
    const problems = remoteProblems({ endpoint: "https://example.com/", headers: { [name]: value } });
    if (problems.length > 0) continue;
    expect(() => new Headers([[name, value]])).not.toThrow();
    expect(value.trim()).toBe(value);
  }
});
