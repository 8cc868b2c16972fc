import { z } from "zod";
import { eventData } from "./events/event-view.ts";
import { EVENTS_ROUTE, eventsInput } from "./events/events-route.ts";
import type { Operation } from "./operation.ts";

/** Changes with the interface, not with every release of the gateway. */
const INTERFACE_VERSION = "1.0.0";

/** Where the document is. */
export const OPENAPI_PATH = "/api/openapi.json";

type Json = Readonly<Record<string, unknown>>;

/** A JSON Schema of an object, as far as this file takes it apart. */
interface ObjectSchema extends Json {
  readonly properties?: Readonly<Record<string, Json>>;
  readonly required?: readonly string[];
}

const DESCRIPTION = `What operators do with the gateway, for programs. MCP itself is at \`/mcp\`.

Without \`auth\` in the configuration nobody is asked who they are. With it, every request carries an API key or a bearer
token, and \`x-permission\` names what a role of the caller must contain; without credentials the answer is 401, without the
permission 403. A server that the roles of the caller do not reach is answered as one that does not exist.`;

const ERROR_SCHEMA: Json = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: {
        code: { type: "string", description: "A stable word for programs." },
        message: { type: "string", description: "What happened, and what to do." },
        problems: {
          type: "array",
          description: "What is wrong with the request, by field.",
          items: {
            type: "object",
            required: ["field", "message"],
            properties: { field: { type: "string" }, message: { type: "string" } },
          },
        },
      },
    },
  },
};

/** The OpenAPI 3.1 document of the REST interface, made of the schemas by which requests are parsed. */
export function openApiDocument(operations: readonly Operation[]): Json {
  const paths = new Map<string, Record<string, Json>>();
  const add = (path: string, method: string, item: Json): void => {
    const known = paths.get(path) ?? {};
    known[method.toLowerCase()] = item;
    paths.set(path, known);
  };
  for (const operation of operations) {
    if (operation.route !== undefined) add(operation.route.path, operation.route.method, pathItem(operation));
  }
  add(EVENTS_ROUTE.path, EVENTS_ROUTE.method, eventsItem());
  add(OPENAPI_PATH, "GET", documentItem());
  return {
    openapi: "3.1.1",
    info: {
      title: "MCP Hangar",
      version: INTERFACE_VERSION,
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    // Whether credentials are needed is a matter of the configuration, so none are one of the possibilities.
    security: [{}, { api_key: [] }, { bearer: [] }],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        api_key: { type: "apiKey", in: "header", name: "X-API-Key" },
        bearer: { type: "http", scheme: "bearer", description: "An API key, or a token of the configured issuer." },
      },
      schemas: { Error: ERROR_SCHEMA },
    },
  };
}

function pathItem({ id, title, description, permission, tool, route, input, output }: Operation): Json {
  const path = route?.path ?? "";
  const inPath = namesIn(path);
  const { properties = {}, required = [] }: ObjectSchema = schemaOf(input, "input");
  const others = Object.keys(properties).filter((name) => !inPath.includes(name));
  const hasBody = route?.method !== "GET" && route?.method !== "DELETE";
  const parameters = [
    ...inPath.map((name) => parameter(name, "path", properties[name] ?? {}, true)),
    ...(hasBody ? [] : others.map((name) => parameter(name, "query", properties[name] ?? {}, required.includes(name)))),
  ];
  const bodyRequired = required.filter((name) => others.includes(name));
  const body = {
    type: "object",
    properties: Object.fromEntries(others.map((name) => [name, properties[name]])),
    ...(bodyRequired.length === 0 ? {} : { required: bodyRequired }),
    additionalProperties: false,
  };
  return {
    operationId: id,
    summary: title,
    description: tool === undefined ? description : `${description}\n\nAs a tool of \`/mcp\`: \`${tool}\`.`,
    tags: [path.split("/")[2] ?? "api"],
    "x-permission": permission,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(hasBody && others.length > 0
      ? { requestBody: { required: bodyRequired.length > 0, content: { "application/json": { schema: body } } } }
      : {}),
    responses: {
      "200": { description: "Done.", content: { "application/json": { schema: schemaOf(output, "output") } } },
      default: errorResponse("It could not be done."),
    },
  };
}

function eventsItem(): Json {
  const { properties = {} }: ObjectSchema = schemaOf(eventsInput, "input");
  return {
    operationId: "followEvents",
    summary: "Follow what happens",
    description:
      "The events of the gateway as Server-Sent Events: `event` is the type, `data` the JSON below. Arguments and results of tools are never in it. " +
      "With `Last-Event-ID` the events since then come first, as far as they are kept; an event `gap` says that some are missing.",
    tags: ["events"],
    "x-permission": EVENTS_ROUTE.permission,
    parameters: Object.entries(properties).map(([name, schema]) => parameter(name, "query", schema, false)),
    responses: {
      "200": {
        description: "The stream; it does not end.",
        content: { "text/event-stream": { schema: schemaOf(eventData, "output") } },
      },
      default: errorResponse("There is no stream."),
    },
  };
}

function documentItem(): Json {
  return {
    operationId: "showOpenApi",
    summary: "Show this document",
    description: "This document. It is the same for everybody, and needs no credentials.",
    tags: ["openapi.json"],
    security: [],
    responses: { "200": { description: "Done.", content: { "application/json": { schema: { type: "object" } } } } },
  };
}

function parameter(name: string, place: "path" | "query", { description, ...schema }: Json, required: boolean): Json {
  return { name, in: place, required, ...(description === undefined ? {} : { description }), schema };
}

function errorResponse(description: string): Json {
  return { description, content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } } };
}

function namesIn(path: string): readonly string[] {
  return [...path.matchAll(/\{([^}]+)\}/g)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** OpenAPI 3.1 takes JSON Schema as it is; which dialect goes without saying. */
function schemaOf(schema: z.ZodObject, io: "input" | "output"): ObjectSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io });
  // The schema of an object is one of `type: object`, whose properties are schemas and never `true` or `false`.
  return rest as ObjectSchema;
}
