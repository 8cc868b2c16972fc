import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { NODE_MIN, nodeProblem } from "./node-version.ts";

it("is what the package says it needs", () => {
  const manifest: { engines: { node: string } } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  expect(manifest.engines.node).toBe(`>=${NODE_MIN}`);
});

it.each(["22.19.0", "22.20.1", "23.0.0", "24.21.0", "100.0.0"])("%s runs the gateway", (version) => {
  expect(nodeProblem(version)).toBeUndefined();
});

it.each(["0.12.0", "18.20.8", "20.20.2", "22.2.0", "22.18.99"])("%s is refused with what to do", (version) => {
  expect(nodeProblem(version)).toContain(`this is ${version}: install a newer one`);
});
