import { afterAll, describe, expect, it } from "vitest";
import { knownSecrets } from "./known-secrets.ts";
import { redactText } from "./redact-text.ts";

/** What the rules look for, and what almost looks like it. */
const FRAGMENTS = [
  "eyJ",
  "eyJaaaaaaa-",
  "eyJaaaaaa.",
  "a://",
  "//",
  "//a:",
  "@",
  "bearer ",
  "basic ",
  "Bearer aaaaaaaa",
  "password",

  "a_",
  'token="',
  "token='",
  "token=",
  "token is ",
  "token for ",
  "--token ",
  "-p ",
  "sk-",
  "sk-a",
  "ghp_",
  "key-",

  "authorization: ",
  "Authorization: digest no ",
  "cookie: x ",
  "set-cookie: ",
  "\\",
  '\\"',
  '"',
  "'",
  "`",
  " ",
  "\n",
  "-----BEGIN PRIVATE KEY-----",
  "-----END PRIVATE KEY-----",
  "s3cr3t-",
  "s3cr3t-s3cr3t-value",
  "?key=",
  "&sig=a",
  '{"token":',
  "pass=",
  "tokenA",
  "a",
  "A",
  "0",
  "=",
  ":",
  "!",
  ".",
  "%3D",
  "é",
  "😀",
  "\u0000",
  "AKIA",
  "xoxb-",
];

afterAll(() => knownSecrets.replace("test", []));

/** Milliseconds of CPU that the quickest of three runs takes. */
function cpuMs(run: () => void): number {
  const times = [0, 1, 2].map(() => {
    const before = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...times);
}

/** xorshift32, so that a failure can be repeated. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

describe("the time that a redaction takes", () => {
  const random = seeded(4_711);
  const mixes = Array.from({ length: 24 }, () =>
    Array.from({ length: 2 + random(3) }, () => FRAGMENTS[random(FRAGMENTS.length)] ?? "").join(""),
  );
  knownSecrets.replace("test", ["s3cr3t-value", "s3cr3t-s3cr3t-s3cr3t-other", "a".repeat(40), "aaaaaaaab"]);

  it.each([...FRAGMENTS, ...mixes])("grows with the text and not faster, for a text of %j", (fragment) => {
    const text = fragment.repeat(Math.ceil(30_000 / fragment.length));
    const once = cpuMs(() => redactText(text, Number.POSITIVE_INFINITY));
    const fourfold = cpuMs(() => redactText(text.repeat(4), Number.POSITIVE_INFINITY));
    // Quadratic growth would be sixteenfold; what takes a few milliseconds is too little to tell.
    expect(fourfold).toBeLessThan(8 * once + 30);
  });

  it("does not grow any more once the text is longer than what is kept", () => {
    const texts = [...FRAGMENTS, ...mixes].map((fragment) => fragment.repeat(Math.ceil(400_000 / fragment.length)));
    for (const text of texts) expect(cpuMs(() => redactText(text))).toBeLessThan(60);
  });
});
