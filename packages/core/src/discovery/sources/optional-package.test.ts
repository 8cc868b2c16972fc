import { expect, test } from "vitest";
import { loadOptional } from "./optional-package.ts";

test("a package that is not installed is an error that says what to install", async () => {
  // A name that the compiler does not look for.
  const name = "@mcp-hangar/no-such-client";
  await expect(loadOptional(name, "discovery of type docker", () => import(/* @vite-ignore */ name))).rejects.toThrow(
    "discovery of type docker needs the package @mcp-hangar/no-such-client, which is not installed. Install it with: npm install @mcp-hangar/no-such-client",
  );
});

test("a package that is there and broken says so itself", async () => {
  const broken = async (): Promise<never> => {
    throw new SyntaxError("Unexpected token");
  };
  await expect(loadOptional("dockerode", "discovery", broken)).rejects.toThrow("Unexpected token");
});
