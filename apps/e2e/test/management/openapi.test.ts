import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DocumentedOperation, operationsOf } from "../../src/harness/openapi.ts";
import { type RestAnswer, rest } from "../../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../../src/harness/secured-gateway.ts";
import { type TemporaryFolder, temporaryFolder } from "../../src/harness/temporary-folder.ts";
import { EVERYTHING, nodeServer } from "../../src/harness/upstreams.ts";
import { fixtureFile } from "../../src/harness/workspace.ts";

const COMMITTED = new URL("../../../../docs/reference/openapi.json", import.meta.url);
const document = JSON.parse(readFileSync(COMMITTED, "utf8")) as Record<string, unknown>;
const operations = operationsOf(document);

// Formats are for readers; OpenAPI's own words are no JSON Schema.
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
const errorSchema = (document.components as { schemas: { Error: object } }).schemas.Error;

let folder: TemporaryFolder;
let secured: SecuredGateway;
/** What stands in paths, of things that there are. */
let known: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  secured = await startSecuredGateway({
    mcp_servers: {
      everything: nodeServer(EVERYTHING),
      big: nodeServer(fixtureFile("misbehaving/stdio.ts")),
      pool: { mode: "group", members: [{ id: "everything" }] },
    },
    history: { file: join(folder.path, "history.db") },
    compliance: { journal: { folder: join(folder.path, "journal") } },
    management: { allow_runtime_servers: ["remote"] },
  });
  const batch = await ask("POST", "/api/batch", {
    calls: [
      { server: "big", tool: "big" },
      { server: "everything", tool: "echo", arguments: { message: "hello" } },
      { server: "everything", tool: "no-such-tool" },
    ],
  });
  const [{ truncated } = {}] = batch.json().results as readonly { truncated?: { continuation_id: string } }[];
  known = { server: "everything", group: "pool", tool: "echo", continuation_id: String(truncated?.continuation_id) };
});

afterAll(async () => {
  await secured?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

function ask(method: string, path: string, body?: unknown): Promise<RestAnswer> {
  return rest(secured.gateway, method, path, { body, headers: bearer(secured.admin) });
}

/** The path with names of things that there are, or with names of things that there are not. */
function pathOf({ path }: DocumentedOperation, names: (parameter: string) => string | undefined): string {
  return path.replaceAll(/\{([^}]+)\}/g, (_match, parameter: string) => {
    const name = names(parameter);
    if (name === undefined) throw new Error(`the test knows nothing for {${parameter}} of ${path}; tell it`);
    return encodeURIComponent(name);
  });
}

function expectToFit(schema: object, value: unknown): void {
  const fits = ajv.compile(schema);
  fits(value);
  expect(fits.errors ?? []).toEqual([]);
}

test("the document is valid OpenAPI 3.1", async () => {
  const result = await new Validator().validate(structuredClone(document));
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
  expect(document.openapi).toMatch(/^3\.1\./);
  const ids = operations.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test("the validator finds what is wrong", async () => {
  const wrong = { ...structuredClone(document), paths: { "/x": { get: { parameters: [{ name: "y" }] } } } };
  expect((await new Validator().validate(wrong)).valid).toBe(false);
});

test("the gateway serves the committed document, to everybody", async () => {
  const served = await rest(secured.gateway, "GET", "/api/openapi.json");
  expect(served.status).toBe(200);
  expect(served.json()).toEqual(document);
});

const readable = operations.filter(({ method, output, id }) => method === "GET" && output && id !== "showOpenApi");

describe.each(readable.map((operation) => [`GET ${operation.path}`, operation] as const))("%s", (_name, operation) => {
  test("answers what the document says", async () => {
    const answer = await ask(
      "GET",
      pathOf(operation, (parameter) => known[parameter]),
    );
    expect([answer.status, answer.text]).toEqual([200, answer.text]);
    expectToFit(operation.output ?? {}, answer.json());
    const head = await ask(
      "HEAD",
      pathOf(operation, (parameter) => known[parameter]),
    );
    expect([head.status, head.text]).toEqual([200, ""]);
  });
});

describe("what changes something answers what the document says", () => {
  test.each([
    ["startServer", undefined],
    ["checkServer", undefined],
    ["callServerTool", { arguments: { message: "hello" } }],
    [
      "runBatch",
      {
        calls: [
          { server: "big", tool: "is_error" },
          { server: "nowhere", tool: "x" },
        ],
      },
    ],
    ["warmServers", { servers: ["everything"] }],
    ["setGroupRotation", { in_rotation: true }],
    ["stopServer", undefined],
    ["deleteContinuation", undefined],
  ])("%s with %j", async (id, body) => {
    const operation = operations.find((each) => each.id === id);
    if (operation === undefined) throw new Error(`the document has no ${id}`);
    const path = pathOf(operation, (parameter) => known[parameter]);
    const answer = await ask(operation.method, path, body);
    expect([answer.status, answer.text]).toEqual([200, answer.text]);
    expectToFit(operation.output ?? {}, answer.json());
  });
});

describe.each(operations.filter(({ permission }) => permission !== undefined))("$method $path", (operation) => {
  test("refuses a field that does not exist, in the words of the document", async () => {
    const path = pathOf(operation, (parameter) => known[parameter] ?? "x");
    const answer =
      operation.method === "GET" || operation.method === "DELETE"
        ? await ask(operation.method, `${path}?no_such_field=1`)
        : await ask(operation.method, path, { no_such_field: 1 });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("no_such_field")]);
    expectToFit(errorSchema, answer.json());
  });

  test("refuses a method that it does not have", async () => {
    const answer = await ask(
      "PATCH",
      pathOf(operation, () => "x"),
    );
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toContain(operation.method);
    expectToFit(errorSchema, answer.json());
  });
});

describe.each(operations.filter(({ pathParameters }) => pathParameters.length > 0))("$method $path", (operation) => {
  test("says of what does not exist that it does not", async () => {
    const bodies: Readonly<Record<string, object>> = { PUT: { in_rotation: true }, POST: {} };
    const answer = await ask(
      operation.method,
      // The history knows what others have asked for in vain.
      pathOf(operation, () => `not-for-${operation.id}`),
      bodies[operation.method],
    );
    expect([answer.status, answer.text]).toEqual([404, expect.stringMatching(/"code":"(unknown|no)_/)]);
    expectToFit(errorSchema, answer.json());
  });
});
