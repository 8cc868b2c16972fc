import { z } from "zod";

const RULE = "1–63 characters of a–z, 0–9, - and single _; begins with a letter or digit, does not end in _";

/**
 * Ids become the prefix of tool names (`<id>__<tool>`), a path segment and a label. So they neither contain `__` nor end
 * in `_`, and upper case is refused: ids that differ in case only would be one folder or one host name elsewhere.
 */
export const serverId = z
  .string()
  .regex(/^(?!.*__)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9-])?$/, RULE)
  .describe(RULE);
