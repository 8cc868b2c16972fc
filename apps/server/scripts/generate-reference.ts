import { writeFileSync } from "node:fs";
import { configReference } from "../src/config/reference.ts";

/** Writes the reference of the configuration from its schema. Run it by `pnpm generate`. */
writeFileSync(new URL("../../../docs/reference/config.md", import.meta.url), configReference());
