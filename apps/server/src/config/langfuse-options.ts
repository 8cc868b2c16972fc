import type { OptionProblem } from "@mcp-hangar/core";
import { z } from "zod";

/** As keys are long; a file of the wrong kind is longer. */
const KEY_CHARS_MAX = 500;

const key = z.string().max(KEY_CHARS_MAX).optional();

/** The section `observability.langfuse` of the configuration. */
export const langfuseOptions = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Sends every tool call to Langfuse."),
    public_key: key.describe("Public key of the project (`pk-lf-…`). Needed when `enabled`."),
    secret_key: key.describe("Secret key of the project (`sk-lf-…`). Needed when `enabled`."),
    host: z
      .string()
      .default("https://cloud.langfuse.com")
      .describe("Base URL of Langfuse: another region of its cloud, or your own."),
    environment: z
      .string()
      .default("default")
      .describe(
        'Environment in Langfuse, such as `production`: up to 40 of a-z, 0-9, "-" and "_", not beginning with "langfuse".',
      ),
    release: z.string().optional().describe("Release in Langfuse, such as the hash of a commit."),
    sample_rate: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe("Share of the traces that are sent. A trace is sent as a whole or not at all."),
    scrub_inputs: z.boolean().default(true).describe("Leaves the arguments of calls out."),
    scrub_outputs: z.boolean().default(true).describe("Leaves results and the texts of errors out."),
    scores: z
      .boolean()
      .default(true)
      .describe(
        "Sends `tool_success`, `tool_latency_ms` and `server_health` as scores: two more requests a call, for at most fifty calls a second.",
      ),
  })
  .superRefine((options, context) => {
    for (const { path, message } of problemsOf(options)) {
      context.addIssue({ code: "custom", path: [...path], message, params: { statement: true } });
    }
  })
  .describe("Export of tool calls to Langfuse.");
export type LangfuseSection = z.infer<typeof langfuseOptions>;

/** What must be right before anything is sent. A section that is off may be unfinished: the variables may be meant for others. */
function problemsOf(options: {
  readonly enabled: boolean;
  readonly public_key?: string | undefined;
  readonly secret_key?: string | undefined;
  readonly host: string;
  readonly environment: string;
  readonly release?: string | undefined;
}): readonly OptionProblem[] {
  if (!options.enabled) return [];
  const problems: OptionProblem[] = [];
  for (const { name, variable, foreign } of KEYS) {
    const value = options[name];
    if (value === undefined || value === "") {
      const message = `missing; copy it from the settings of the project in Langfuse, here or into ${variable}`;
      problems.push({ path: [name], message });
    } else if (value.startsWith(foreign)) {
      problems.push({ path: [name], message: `this is the other key of the project: it begins with "${foreign}"` });
    } else if (!/^[!-~]+$/.test(value) || (name === "public_key" && value.includes(":"))) {
      problems.push({ path: [name], message: "no key of Langfuse has such characters; copy it again" });
    }
  }
  const url = URL.parse(options.host);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    problems.push({ path: ["host"], message: "no http:// or https:// URL; give the base URL of a Langfuse" });
  } else if (url.username !== "" || url.search !== "" || url.hash !== "") {
    problems.push({
      path: ["host"],
      message: "more than the base URL of a Langfuse; leave user, query and fragment out",
    });
  }
  if (!ENVIRONMENT.test(options.environment)) {
    const message = 'no name of an environment; use up to 40 of a-z, 0-9, "-" and "_", not beginning with "langfuse"';
    problems.push({ path: ["environment"], message });
  }
  if ((options.release?.length ?? 0) > RELEASE_CHARS_MAX) {
    problems.push({
      path: ["release"],
      message: `longer than ${RELEASE_CHARS_MAX} characters, which is what Langfuse takes`,
    });
  }
  return problems;
}

const ENVIRONMENT = /^(?!langfuse)[a-z0-9_-]{1,40}$/;
const RELEASE_CHARS_MAX = 200;
const KEYS = [
  { name: "public_key", variable: "LANGFUSE_PUBLIC_KEY", foreign: "sk-lf-" },
  { name: "secret_key", variable: "LANGFUSE_SECRET_KEY", foreign: "pk-lf-" },
] as const;
