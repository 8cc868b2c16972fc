import { expect, test } from "vitest";
import { escapedJson, terminalJson, terminalLine, terminalText } from "./terminal-text.ts";

const COMMANDS = [
  ["a colour", "\u001b[31m"],
  ["a title", "\u001b]0;pwned\u0007"],
  ["the clipboard", "\u001b]52;c;cm0gLXJm\u001b\\"],
  ["a link", "\u001b]8;;https://evil.example\u001b\\"],
  ["the same in eight bits", "\u009b31m\u009d0;pwned\u009c"],
  ["a line that is written over", "fine\rforged"],
  ["backspaces", "safe\b\b\b\bevil"],
  ["a bell, a null, a delete", "\u0007\u0000\u007f"],
  ["text that runs backwards", "\u202egnp.exe\u2066"],
  ["tags that nobody sees", "\u{e0041}\u{e007f}"],
  ["line separators", "a\u2028b\u2029c"],
] as const;
const OBEYED = /(?![\n\t])[\p{Cc}\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;

test.each(COMMANDS)("%s is spelled out", (_what, text) => {
  expect(terminalText(`before ${text} after`)).not.toMatch(OBEYED);
  expect(terminalText(`before ${text} after`)).toMatch(/^before .* after$/s);
  expect(terminalJson({ text })).not.toMatch(OBEYED);
  expect(JSON.parse(terminalJson({ text }))).toEqual({ text });
  expect(escapedJson(JSON.stringify({ text }))).not.toMatch(OBEYED);
  expect(JSON.parse(escapedJson(JSON.stringify({ text })))).toEqual({ text });
});

test("what is one line stays one", () => {
  for (const text of ["a\nb", "a\r\nb", "a\rb", "a\u0085b", "a\u2028b", "a\tb"])
    expect(terminalLine(text)).toMatch(/^a\\u\{[0-9a-f]{4}\}b$/);
});

test("what people write stays as it is", () => {
  const text = "Grüße 👩‍👩‍👧 \t列\nsecond line";
  expect(terminalText(text)).toBe(text);
  expect(terminalText("a\r\nb")).toBe("a\nb");
});
