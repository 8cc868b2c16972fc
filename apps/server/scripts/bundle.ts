import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "./bundle/bundle.ts";

/** `node scripts/bundle.ts [--out <folder>]`: builds the command line into `dist`, or into another folder. */
const { values } = parseArgs({ options: { out: { type: "string" } } });
await bundle(values.out ?? join(import.meta.dirname, "../dist"));
