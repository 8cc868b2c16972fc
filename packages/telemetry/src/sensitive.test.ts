import { Console } from "node:console";
import { Writable } from "node:stream";
import { format, inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { REDACTED, Sensitive } from "./sensitive.ts";

const SECRET = "hunter2";
const secret = new Sensitive({ password: SECRET });

function printed(print: (target: Console) => void): string {
  let output = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      output += String(chunk);
      done();
    },
  });
  print(new Console({ stdout: stream, stderr: stream }));
  return output;
}

describe("Sensitive", () => {
  test.each<[string, () => string]>([
    ["String()", () => String(secret)],
    // oxlint-disable-next-line typescript/restrict-template-expressions -- the mistake is what is tested
    ["a template string", () => `${secret}`],
    ["concatenation", () => `value: ${String(secret)}`],
    ["JSON.stringify", () => JSON.stringify({ nested: [secret] })],
    ["util.inspect", () => inspect({ nested: secret }, { depth: null, showHidden: true })],
    ["util.format with %s", () => format("%s", secret)],
    ["util.format with %j", () => format("%j", secret)],
    ["util.format with %o", () => format("%o", secret)],
    ["console.log", () => printed((target) => target.log(secret, { nested: secret }))],
    ["console.error", () => printed((target) => target.error("failed with", secret))],
    ["console.table", () => printed((target) => target.table([{ secret }]))],
    ["Error.cause", () => inspect(new Error("failed", { cause: secret }))],
  ])("prints %s as redacted", (_how, print) => {
    const text = print();
    expect(text).toContain(REDACTED);
    expect(text).not.toContain(SECRET);
  });

  test("shows an empty object where a printer ignores custom inspection, as console.dir does", () => {
    expect(printed((target) => target.dir(secret, { depth: null, showHidden: true }))).toBe("Sensitive {}\n");
  });

  test("has no property that a serialiser or a structured clone could find", () => {
    expect(Object.getOwnPropertyNames(secret)).toEqual([]);
    expect(Object.getOwnPropertySymbols(secret)).toEqual([]);
    expect(inspect(structuredClone(secret))).not.toContain(SECRET);
  });

  test("opens for a policy that captures", () => {
    expect(secret.reveal({ exporter: "langfuse", capture: true })).toEqual({ password: SECRET });
  });

  test("stays shut for a policy that does not capture", () => {
    expect(secret.reveal({ exporter: "langfuse", capture: false })).toBeUndefined();
  });
});
