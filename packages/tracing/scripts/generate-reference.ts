import { writeFile } from "node:fs/promises";
import { attributesReference } from "./attributes-reference.ts";

await writeFile(new URL("../../../docs/reference/attributes.md", import.meta.url), attributesReference());
