// Breaking changes of public names since the last release demand a changeset that says so (docs/adr/0011-public-names.md):
//   node --conditions=@mcp-hangar/source scripts/public-names.ts [folder of the repository]
// Exit codes: 0 all is well or nothing was released yet, 1 a changeset is missing, 2 it could not be found out.
import { join, resolve } from "node:path";
import { checkPublicNames } from "./public-names/check.ts";

const { code, text } = await checkPublicNames(resolve(process.argv[2] ?? join(import.meta.dirname, "..")));
(code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
process.exitCode = code;
