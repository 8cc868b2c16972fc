import { writeFile } from "node:fs/promises";
import { metricsReference } from "./metrics-reference.ts";

await writeFile(new URL("../../../docs/reference/metrics.md", import.meta.url), metricsReference());
