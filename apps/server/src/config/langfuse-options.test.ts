import { describe, expect, it } from "vitest";
import type { Environment } from "./environment.ts";
import { parseConfig } from "./load.ts";
import { ConfigError } from "./problem.ts";
import type { Config } from "./schema.ts";

const KEYS = { LANGFUSE_PUBLIC_KEY: "pk-lf-1", LANGFUSE_SECRET_KEY: "sk-lf-1" };

const sectionOf = (env: Environment, text = ""): Config["observability"]["langfuse"] =>
  parseConfig(text, env, "test.yaml").config.observability.langfuse;

function problemsOf(langfuse: object): string {
  try {
    sectionOf({}, JSON.stringify({ observability: { langfuse } }));
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("accepted");
}

describe("the section observability.langfuse", () => {
  it("can be written in the environment alone, with LANGFUSE_HOST before LANGFUSE_BASE_URL", () => {
    const env = { ...KEYS, MCP_LANGFUSE_ENABLED: "true", LANGFUSE_BASE_URL: "https://one.example" };
    const section = { enabled: true, public_key: "pk-lf-1", secret_key: "sk-lf-1", sample_rate: 1 };
    expect(sectionOf(env)).toMatchObject({ ...section, host: "https://one.example" });
    expect(sectionOf({ ...env, LANGFUSE_HOST: "https://two.example" })).toMatchObject({ host: "https://two.example" });
    const deployed = { LANGFUSE_TRACING_ENVIRONMENT: "production", LANGFUSE_RELEASE: "abc" };
    expect(sectionOf({ ...env, ...deployed })).toMatchObject({ environment: "production", release: "abc" });
  });

  it("leaves content out unless it is told otherwise", () => {
    expect(sectionOf({})).toMatchObject({ enabled: false, scrub_inputs: true, scrub_outputs: true });
    expect(sectionOf({}).host).toBe("https://cloud.langfuse.com");
  });

  it("may be unfinished while it is off, because the variables may be meant for other programs", () => {
    const others = { LANGFUSE_HOST: "nowhere", LANGFUSE_TRACING_ENVIRONMENT: "My Laptop", LANGFUSE_PUBLIC_KEY: "" };
    expect(sectionOf(others)).toMatchObject({ enabled: false });
  });

  it.each([
    [{ public_key: undefined }, "public_key: missing; copy it"],
    [{ secret_key: "" }, "secret_key: missing; copy it"],
    [{ public_key: "sk-lf-1" }, 'public_key: this is the other key of the project: it begins with "sk-lf-"'],
    [{ secret_key: "sk-lf 1" }, "secret_key: no key of Langfuse has such characters"],
    [{ host: "cloud.langfuse.com" }, "host: no http:// or https:// URL"],
    [{ host: "https://cloud.langfuse.com/?project=1" }, "host: more than the base URL"],
    [{ environment: "Production" }, "environment: no name of an environment"],
    [{ release: "r".repeat(201) }, "release: longer than 200 characters"],
    [{ sample_rate: 2 }, "sample_rate: 2 is not allowed; expected at most 1"],
    [{ scrub_input: false }, "scrub_input: unknown key; did you mean scrub_inputs?"],
  ])("says what is wrong with %o", (changes, problem) => {
    const found = problemsOf({ enabled: true, public_key: "pk-lf-1", secret_key: "sk-lf-1", ...changes });
    expect(found).toContain(`observability.langfuse.${problem}`);
    expect(found).not.toMatch(/sk-lf[- ]1/);
  });
});
