import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { expect, it } from "vitest";

// As JavaScript: types are stripped by WebAssembly, which would be there before the flags are set.
const source = stripTypeScriptTypes(readFileSync(new URL("../src/web-assembly.ts", import.meta.url), "utf8"));

/** Calls a function of WebAssembly until V8 would optimise it; `(func (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))`. */
const PROGRAM = `
${source}
compileWebAssemblyOnce();
const bytes = "0061736d0100000001060160017f017f03020100070501016600000a09010700200041016a0b";
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(bytes, "hex")));
let sum = 0;
for (let n = 0; n < 3_000_000; n++) sum = exports.f(sum);
process.stdout.write(\`sum \${sum}\\n\`);
`;

function output(...nodeArgs: readonly string[]): string {
  const args = [...nodeArgs, "--trace-wasm-compilation-times", "--input-type=module", "-"];
  return execFileSync(process.execPath, args, { encoding: "utf8", input: PROGRAM });
}

it("WebAssembly works, and is compiled once, unless somebody has set flags of their own", () => {
  const compiled = output();
  expect(compiled).toContain("sum 3000000");
  expect(compiled).toContain("using Liftoff");
  expect(compiled).not.toContain("using TurboFan");
  expect(output("--wasm-tier-up")).toContain("using TurboFan");
});
