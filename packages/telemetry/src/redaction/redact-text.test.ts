import { describe, expect, it } from "vitest";
import { redactText, shortText } from "./redact-text.ts";

const WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

describe("a secret in free text", () => {
  it.each([
    // Assignments, as programs, shells and configuration files write them.
    ["PGPASSWORD=hunter2 psql", "hunter2"],
    ["DB_PASS=hunter2", "hunter2"],
    ["smtpPass: hunter2", "hunter2"],
    ["user=me pass=hunter2 host=db", "hunter2"],
    ["Server=db;Uid=me;Pwd=hunter2;Database=x", "hunter2"],
    ["pwd=hunter2", "hunter2"],
    ["MYSQL_ROOT_PASSWORD: hunter2", "hunter2"],
    ["passphrase = 'correct horse battery'", "correct horse battery"],
    ["DefaultEndpointsProtocol=https;AccountName=a;AccountKey=aHVudGVyMg+x/y==;EndpointSuffix=core", "aHVudGVyMg+x/y"],
    ["Endpoint=sb://x/;SharedAccessKeyName=k;SharedAccessKey=aHVudGVyMg=", "aHVudGVyMg"],
    ["AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"],
    ['{"password": "hunter2"}', "hunter2"],
    [String.raw`{"password": "hun\"ter2 and more", "a": 1}`, "ter2 and more"],
    [String.raw`body: "{\"client_secret\":\"hunter2\"}"`, "hunter2"],
    ["{'api_key': 'hunter2'}", "hunter2"],
    ["password => 'hunter2'", "hunter2"],
    ["config[password]=hunter2", "hunter2"],
    ["password := hunter2", "hunter2"],
    ["token%3Dhunter2abc", "hunter2abc"],
    ["private_key=hunter2", "hunter2"],
    ["signing-key: hunter2", "hunter2"],
    ["X-API-Key: hunter2", "hunter2"],
    ["secret=`hunter2`", "hunter2"],
    ['password="hunter2', "hunter2"],
    // Headers.
    ["Authorization: Bearer abcdef123456", "abcdef123456"],
    ["authorization: hunter2-hunter2", "hunter2"],
    ["Authorization: Custom hunter2", "hunter2"],
    ["Proxy-Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"],
    ['Authorization: Digest username="me", response="6629fae49393a0"', "6629fae49393a0"],
    ['curl -H "Authorization: Token hunter2x" https://x', "hunter2x"],
    ["Cookie: a=hunter2; b=hunter3", "hunter3"],
    ["Set-Cookie: sid=hunter2; Path=/", "hunter2"],
    ["sent header bearer   abc.def-ghi_jkl", "abc.def-ghi_jkl"],
    ["Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"],
    ["Bearer%20abc123def", "abc123def"],
    // Sentences.
    ["the password is hunter2", "hunter2"],
    ["the password for bob is hunter2.", "hunter2"],
    ["password was 'swordfish'", "swordfish"],
    ["your token is: 4f5a6b", "4f5a6b"],
    ["Incorrect token 4bf92f3577b34da6a3ce929d0e0e4736 given", "4bf92f3577b34da6"],
    // Options of commands.
    ["run --password hunter2 --x", "hunter2"],
    ["run --api-key=hunter2", "hunter2"],
    ["run -token hunter2", "hunter2"],
    // URLs.
    ["postgres://admin:hunter2@db:5432/x failed", "hunter2"],
    ["postgres://admin:hun@ter2@db/x", "ter2"],
    ["https://:s3cr3t@host/", "s3cr3t"],
    ["https://abcdef0123456789abcdef@host/x.git", "abcdef0123456789"],
    ["https://s3/b?X-Amz-Signature=f00dfeed&x=1", "f00dfeed"],
    ["https://s3/b?X-Amz-Security-Token=f00dfeed", "f00dfeed"],
    ["https://a.blob/x?sv=1&sig=f00d%2Ffeed&se=2", "f00d%2Ffeed"],
    ["https://maps/?key=hunter2", "hunter2"],
    ["https://x/cb?code=hunter2&state=1", "hunter2"],
    ["https://x/?a=1&access_token=hunter2&b=2", "hunter2"],
    // Tokens that say what they are.
    ["key sk-proj-AbCdEf1234567890abcd used", "AbCdEf1234567890"],
    ["sk-ant-api03-AbCdEf1234567890abcd", "AbCdEf1234567890"],
    ["stripe sk_live_1234567890abcdef", "1234567890abcdef"],
    ["ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefgh"],
    ["hf_abcdefghijklmnopqrstuvwxyzABCDEF", "hf_abcdefgh"],
    ["gsk_abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghij"],
    ["dckr_pat_abcdefghijklmnop-1234", "abcdefghij"],
    ["tvly-dev-abcdefghij0123456789", "abcdefghij"],
    ["AWS AKIAIOSFODNN7EXAMPLE refused", "AKIAIOSFODNN7EXAMPLE"],
    ["google AIzaSyA1234567890abcdefghijklmnopqrstuvw", "AIzaSyA123"],
    ["ya29.a0AfH6SMBabcdefghijklmnop", "a0AfH6SMB"],
    ["SG.abcdefghijklmnopqrstuv.wxyz0123456789", "abcdefghijklmnop"],
    ["hvs.CAESIJabcdefghijklmnop", "CAESIJabcdef"],
    ["slack xoxb-123456789012-abcdefghij", "123456789012"],
    [`token is ${WEB_TOKEN}!`, "dozjgNryP4J3jVmNHl0w5N"],
    [`x-${WEB_TOKEN}`, "dozjgNryP4J3jVmNHl0w5N"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIEhunter2\n-----END RSA PRIVATE KEY-----", "MIIEhunter2"],
    ["-----BEGIN PRIVATE KEY-----\nMIIEhunter2-and-cut", "MIIEhunter2"],
  ])("%j is hidden", (text, secret) => {
    const redacted = redactText(text);
    expect(redacted).not.toContain(secret);
    expect(redacted).toContain("[redacted]");
  });

  it.each([
    "tool add of math took 3 ms",
    "task-12345678901234 finished",
    "http://127.0.0.1:8000/mcp",
    "git@github.com:org/repo.git",
    "https://user@host/path",
    "the basic idea",
    "Basic authentication is switched off",
    "basic information about bearer tokens",
    "a bearer token is missing",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "5f3c1a2e-8d4b-4c6e-9f10-2b3c4d5e6f70",
    "the password is required",
    "the password is incorrect, try again",
    "the token is invalid",
    "the token was revoked yesterday",
    "invalid token: expired",
    "password: must contain 8 characters",
    "Unexpected token } in JSON at position 17",
    `Unexpected token 'h', "hello" is not valid JSON`,
    "max_tokens=512 and total_tokens: 9000",
    "token_type=bearer token_count=3",
    "password_file=/run/secrets/db",
    "PWD=/srv/work OLDPWD=/srv",
    "primary key: id, sort key: name",
    "tokenizer=cl100k and secretary: Ann",
    "tests pass: 12, fail: 0",
    "bypass=yes",
    "token=null, secret: undefined, password=***",
    `password=\${DB_PASSWORD} and token=$TOKEN`,
    "sk-learn-based-models-are-fine",
    "function signature: foo(a, b)",
    "cookie: disabled",
    "auth: ok",
    "C:\\Users\\me\\file.txt",
    "2026-07-28T10:11:12.123Z",
  ])("%j is no secret", (text) => {
    expect(redactText(text)).toBe(text);
  });

  it("leaves readable what is around it", () => {
    expect(redactText("GET postgres://admin:hunter2@db:5432/x took 3 ms")).toBe(
      "GET postgres://admin:[redacted]@db:5432/x took 3 ms",
    );
    expect(redactText("with Bearer abcdef123456, then")).toBe("with Bearer [redacted], then");
    expect(redactText('{"password": "hunter2", "user": "me"}')).toBe('{"password": "[redacted]", "user": "me"}');
    expect(redactText("https://h/x?sig=f00d&se=1")).toBe("https://h/x?sig=[redacted]&se=1");
  });

  it("may be redacted twice with the same outcome", () => {
    const once = redactText(`a password=hunter2, Authorization: Bearer abcdef123456, ${WEB_TOKEN} "token": "x y z"`);
    expect(redactText(once)).toBe(once);
  });
});

describe("a text that is too long", () => {
  it("is cut, and says so", () => {
    expect(redactText("a".repeat(20), 10)).toBe(`${"a".repeat(10)}…`);
    expect(redactText("a".repeat(10), 10)).toBe("a".repeat(10));
    expect(redactText("a".repeat(1_000_000)).length).toBeLessThan(20_000);
  });

  it("is left as it is when it is short enough, whatever it holds: what reads it later still knows all of it", () => {
    expect(shortText("password=hunter2", 16)).toBe("password=hunter2");
    for (let kept = 1; kept < 70; kept++) {
      const short = shortText(`a key: ghp_abcdefghijklmnopqrstuvwxyz0123456789 and password=hunter2hunter2`, kept);
      expect(short).not.toMatch(/ghp_|hunter/);
    }
  });

  it("gives nothing away of a secret at the cut", () => {
    for (let kept = 1; kept < 70; kept++) {
      const redacted = redactText(`a key: ghp_abcdefghijklmnopqrstuvwxyz0123456789 and password=hunter2hunter2`, kept);
      expect(redacted).not.toMatch(/ghp_|hunter/);
    }
  });
});
