import { rolldown } from "rolldown";

// `node scripts/bundle-program.ts <program> <folder>`: bundles a program of tests, with all that it imports, into `main.js` of a folder.

const [, , input = "", folder = ""] = process.argv;
await using build = await rolldown({
  input,
  platform: "node",
  // Whether something is imported or required, the bundler adds itself.
  resolve: { conditionNames: ["@mcp-hangar/source", "node", "default"] },
  tsconfig: false,
  onLog(level, log, otherwise) {
    if (level === "warn") throw new Error(log.message);
    otherwise(level, log);
  },
});
await build.write({ dir: folder, format: "es", entryFileNames: "main.js", chunkFileNames: "[name]-[hash].js" });
