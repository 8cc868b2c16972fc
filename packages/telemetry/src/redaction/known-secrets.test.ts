import { afterEach, describe, expect, it } from "vitest";
import { KnownSecrets, knownSecrets } from "./known-secrets.ts";
import { PatternSearch } from "./pattern-search.ts";
import { redactText } from "./redact-text.ts";
import { Spans } from "./spans.ts";

afterEach(() => {
  knownSecrets.replace("test", []);
});

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

describe("a secret that the process knows", () => {
  it("is hidden wherever it stands and however it is written", () => {
    const secret = 'swordfish/"quoted"+words';
    knownSecrets.replace("test", [secret]);
    const texts = [
      `the server says ${secret}!`,
      JSON.stringify({ message: secret }),
      `GET /?q=${encodeURIComponent(secret)}`,
      `GET /?q=${encodeURIComponent(secret).toLowerCase()}`,
      btoa(secret),
      secret + secret,
    ];
    for (const text of texts) {
      expect(redactText(text), text).toContain("[redacted]");
      expect(redactText(text), text).not.toMatch(/swordfish|c3dvcmRmaXNo/);
    }
  });

  it("is found line by line when it has several, and piece by piece when it is long", () => {
    const key = Array.from({ length: 20 }, (_, line) => `line${line}${"AbC9".repeat(15)}`);
    knownSecrets.replace("test", [key.join("\n"), "0123456789".repeat(30)]);
    expect(redactText(`| ${key[7]} |`)).toBe("| [redacted] |");
    expect(redactText(`> ${"0123456789".repeat(10)} <`)).toMatch(/^> \[redacted\]\d* <$/);
  });

  it("is hidden for a while after it was replaced, and until it is no longer remembered", () => {
    knownSecrets.replace("test", ["pilot-fish-7"]);
    knownSecrets.replace("test", ["marlin-42"]);
    expect(redactText("pilot-fish-7 and marlin-42")).toBe("[redacted] and [redacted]");
    for (let round = 0; round < 40; round++) {
      knownSecrets.replace(
        "test",
        Array.from({ length: 50 }, (_, index) => `filler-${round}-${index}-${"x".repeat(30)}`),
      );
    }
    expect(redactText("pilot-fish-7")).toBe("pilot-fish-7");
  });

  it("is a text like any other for a register that was cleared", () => {
    knownSecrets.replace("test", ["pilot-fish-8"]);
    knownSecrets.replace("test", ["marlin-43"]);
    knownSecrets.clear();
    expect(redactText("pilot-fish-8 and marlin-43")).toBe("pilot-fish-8 and marlin-43");
  });

  it.each(["true", "production", "8080", "1234567", "xxxxxxxxxxxx", "dev", "[redacted]", "localhost"])(
    "is not what everybody writes, such as %j",
    (value) => {
      knownSecrets.replace("test", [value]);
      expect(redactText(`a ${value} b`)).toBe(`a ${value} b`);
    },
  );

  it("cannot be flushed out by another owner with more than is kept of one", () => {
    const secrets = new KnownSecrets();
    secrets.replace("configuration", ["swordfish"]);
    secrets.replace(
      "server",
      Array.from({ length: 20_000 }, (_, index) => `value number ${index} of a flood`),
    );
    const spans = new Spans();
    secrets.find("a swordfish", spans);
    expect(spans.replaceIn("a swordfish", 100, "#")).toBe("a #");
  });

  it("never comes through, whatever is around it and wherever the text is cut", () => {
    const random = seeded(20_260_728);
    const alphabet = ["a", "b", "ab", "aab", "-", "=", '"', " ", "token=", "eyJ", "\n", "é", "😀"];
    const piece = (length: number): string =>
      Array.from({ length }, () => alphabet[random(alphabet.length)] ?? "").join("");
    for (let round = 0; round < 200; round++) {
      const secrets = Array.from({ length: 1 + random(4) }, () =>
        `${piece(3 + random(12))}Zq${round}x`.replaceAll(/\s/g, "_"),
      );
      knownSecrets.replace("test", secrets);
      const text = piece(random(40)) + secrets.map((secret) => secret + piece(random(20))).join("") + piece(random(10));
      const cut = redactText(text, 1 + random(text.length + 10));
      for (const secret of secrets) {
        expect(redactText(text), text).not.toContain(secret);
        expect(cut, text).not.toContain(secret.slice(0, Math.max(8, secret.length - 2)));
      }
    }
  });
});

describe("the search for many texts", () => {
  it("finds exactly what a naive search finds", () => {
    const random = seeded(7);
    const word = (length: number): string => Array.from({ length }, () => "ab"[random(2)]).join("");
    for (let round = 0; round < 300; round++) {
      const patterns = Array.from({ length: 1 + random(6) }, () => word(2 + random(5)));
      const text = word(60);
      const hidden = Array.from({ length: text.length }, () => false);
      for (const pattern of patterns) {
        for (let at = text.indexOf(pattern); at !== -1; at = text.indexOf(pattern, at + 1)) {
          hidden.fill(true, at, at + pattern.length);
        }
      }
      const spans = new Spans();
      new PatternSearch(patterns).find(text, spans);
      const expected = Array.from(text)
        .map((character, at) => (hidden[at] ? "#" : character))
        .join("")
        .replaceAll(/#+/g, "#");
      expect(spans.replaceIn(text, text.length, "#").replaceAll(/#+/g, "#"), `${patterns.join()} in ${text}`).toBe(
        expected,
      );
    }
  });
});
