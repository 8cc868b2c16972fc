import { defineConfig } from "vitest/config";

/** One process pool for the whole workspace; sources are resolved directly, so tests need no build. */
export default defineConfig({
  resolve: { conditions: ["@mcp-hangar/source"] },
  ssr: { resolve: { conditions: ["@mcp-hangar/source", "node", "import", "default"] } },
  test: {
    include: ["packages/*/{src,test}/**/*.test.ts", "apps/*/{src,test}/**/*.test.ts", "scripts/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
