import { writeFile } from "node:fs/promises";
import { faultsReference } from "./fault-table.ts";
import { formatsReference } from "./formats-reference.ts";

await writeFile(new URL("../../../docs/reference/audit-faults.md", import.meta.url), faultsReference());
await writeFile(new URL("../../../docs/reference/audit-formats.md", import.meta.url), formatsReference());
