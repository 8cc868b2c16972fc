import { writeFileSync } from "node:fs";
import { configReference } from "../src/config/reference.ts";
import { apiReference } from "../src/management/api-reference.ts";
import { openApiDocument } from "../src/management/openapi.ts";
import { createOperations } from "../src/management/operations/index.ts";
import type { ManagementParts } from "../src/management/parts.ts";

/** Writes the references of configuration and REST interface from their schemas. Run it by `pnpm generate`. */
const write = (name: string, text: string): void =>
  writeFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), text);

// Operations are described, not run: topics touch their parts only when one of their operations runs.
const operations = createOperations({} as ManagementParts);
write("config.md", configReference());
write("api.md", apiReference(operations));
write("openapi.json", `${JSON.stringify(openApiDocument(operations), undefined, 2)}\n`);
