import { writeFileSync } from "node:fs";
import { configReference } from "../src/config/reference.ts";
import { auditRecordSchema, auditReference } from "../src/facts/audit-reference.ts";
import { factsReference } from "../src/facts/facts-reference.ts";
import { apiReference } from "../src/management/api-reference.ts";
import { openApiDocument } from "../src/management/openapi.ts";
import { createOperations } from "../src/management/operations/index.ts";
import type { ManagementParts } from "../src/management/parts.ts";

/** Writes the references of configuration, REST interface, facts and audit records. Run it by `pnpm generate`. */
const write = (name: string, text: string): void =>
  writeFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), text);

/** Operations are described here, not run: what their topics take apart when they are made is never used. */
const unused: ManagementParts = new Proxy({} as ManagementParts, { get: () => unused });
const { operations } = createOperations(unused);
write("config.md", configReference());
write("api.md", apiReference(operations));
write("openapi.json", `${JSON.stringify(openApiDocument(operations), undefined, 2)}\n`);
write("facts.md", factsReference());
write("audit.md", auditReference());
write("audit-record.schema.json", auditRecordSchema());
