import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";

/** Interfaces that take a body. */
export type LangfusePath = "/api/public/otel/v1/traces" | "/api/public/scores";

/** What of an OpenAPI document matters here. */
interface Document {
  readonly paths: Readonly<
    Record<
      LangfusePath,
      {
        readonly post: {
          readonly requestBody: { readonly content: { readonly "application/json": { readonly schema: object } } };
        };
      }
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** The published description leaves objects open; a misspelt field must be noticed all the same. */
const OPEN: ReadonlySet<string> = new Set(["CreateScoreRequest.metadata"]);

const document = JSON.parse(
  readFileSync(new URL("../../langfuse-openapi/openapi-extract.json", import.meta.url), "utf8"),
) as Document;

const ajv = new Ajv({ strict: false, allErrors: true, formats: { double: true } });
ajv.addSchema({
  $id: "langfuse",
  components: {
    schemas: Object.fromEntries(
      Object.entries(document.components.schemas).map(([name, schema]) => [name, closed(schema, name)]),
    ),
  },
});
const validators: Readonly<Record<LangfusePath, ValidateFunction>> = {
  "/api/public/otel/v1/traces": validator("/api/public/otel/v1/traces"),
  "/api/public/scores": validator("/api/public/scores"),
};

/** What is wrong with a body by Langfuse's published OpenAPI document, and fields that it does not know. */
export function problemsOf(path: LangfusePath, body: unknown): readonly string[] {
  const validate = validators[path];
  validate(body);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${path} ${instancePath}: ${message}`);
}

function validator(path: LangfusePath): ValidateFunction {
  const { schema } = document.paths[path].post.requestBody.content["application/json"];
  return ajv.compile(absolute(schema) as object);
}

function closed(schema: object, name: string): object {
  const isOpen = "additionalProperties" in schema || !("properties" in schema) || OPEN.has(name);
  return absolute(isOpen ? schema : { ...schema, additionalProperties: false }) as object;
}

/** From OpenAPI 3.0 to JSON Schema: references are to the document that was added, and `nullable` is a word of OpenAPI. */
function absolute(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(absolute);
  if (typeof part !== "object" || part === null) return part;
  const { nullable, ...rest } = part as { readonly nullable?: unknown };
  const plain = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, key === "$ref" ? `langfuse${String(value)}` : absolute(value)]),
  );
  return nullable === true ? { anyOf: [plain, { type: "null" }] } : plain;
}
