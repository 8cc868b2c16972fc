import { writeFile } from "node:fs/promises";
import { formatsReference } from "./formats-reference.ts";

await writeFile(new URL("../../../docs/reference/audit-formats.md", import.meta.url), formatsReference());
