import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { CLIENT_KINDS, connect, type McpClient } from "../src/harness/mcp-client.ts";
import { EVERYTHING, type HttpUpstream, nodeServer, startEverythingOverHttp } from "../src/harness/upstreams.ts";

/** How a client reaches server-everything, and what its tools and prompts are called there. */
const ROUTES = [
  { route: "directly (the control)", server: undefined, prefix: "" },
  { route: "over its own endpoint, stdio upstream", server: "piped", prefix: "" },
  { route: "over its own endpoint, HTTP upstream", server: "remote", prefix: "" },
  { route: "aggregated, stdio upstream", server: "aggregate", prefix: "piped__" },
  { route: "aggregated, HTTP upstream", server: "aggregate", prefix: "remote__" },
] as const;

let upstream: HttpUpstream;
let gateway: HttpGateway;
let control: McpClient;
let capableControl: McpClient;

beforeAll(async () => {
  upstream = await startEverythingOverHttp();
  gateway = await startGateway({
    mcp_servers: { piped: nodeServer(EVERYTHING), remote: { mode: "remote", endpoint: upstream.url } },
  });
  control = await connect("sdk v1", upstream.url);
  // What the gateway declares upstream on behalf of its clients: the server has more tools for such a client.
  capableControl = await connect("sdk v1", upstream.url, { sampling: {}, elicitation: { form: {}, url: {} } });
});

afterAll(async () => {
  await capableControl?.[Symbol.asyncDispose]();
  await control?.[Symbol.asyncDispose]();
  await gateway?.[Symbol.asyncDispose]();
  await upstream?.[Symbol.asyncDispose]();
});

/** The tool of server-everything that can be called as a task only, which clients of the modern era could not. */
const TASK_ONLY = "simulate-research-query";

describe.each(CLIENT_KINDS)("server-everything with the official client %s", (kind) => {
  describe.each(ROUTES)("$route", ({ server, prefix }) => {
    let client: McpClient;

    beforeAll(async () => {
      const own = server === "aggregate" ? undefined : server;
      client = await connect(kind, server === undefined ? upstream.url : gateway.mcpUrl(own));
    });

    afterAll(async () => {
      await client?.[Symbol.asyncDispose]();
    });

    test("lists the same tools, prompts, resources and templates", async () => {
      const same = server === undefined ? control : capableControl;
      const callable = (await same.tools()).filter(
        ({ name }) => server === undefined || kind !== "sdk v2 auto" || name !== TASK_ONLY,
      );
      const expected = callable.map((tool) => ({ ...tool, name: prefix + tool.name }));
      await poll("the whole tool list", async () => (await mine(client.tools())).length === expected.length);
      expect(sorted(await mine(client.tools()))).toEqual(sorted(expected));
      const prompts = (await control.prompts()).map((prompt) => ({ ...prompt, name: prefix + prompt.name }));
      expect(sorted(await mine(client.prompts()))).toEqual(sorted(prompts));
      const documents = (await control.resources()).map(({ name, mimeType }) => `${prefix}${name} ${String(mimeType)}`);
      const found = (await mine(client.resources())).map(({ name, mimeType }) => `${name} ${String(mimeType)}`);
      expect(found.sort()).toEqual(documents.sort());
      const templates = (await control.templates()).map(({ name }) => prefix + name);
      expect((await mine(client.templates())).map(({ name }) => name).sort()).toEqual(templates.sort());
    });

    test("gives the exact content of calls", async () => {
      expect(await call("echo", { message: 'Grüße, 世界 \u{1f600}\n\t"quoted"' })).toMatchObject({
        content: [{ type: "text", text: 'Echo: Grüße, 世界 \u{1f600}\n\t"quoted"' }],
      });
      expect(await call("get-sum", { a: 2.5, b: -4 })).toMatchObject({
        content: [{ type: "text", text: "The sum of 2.5 and -4 is -1.5." }],
      });
      const weather = { temperature: 33, conditions: "Cloudy", humidity: 82 };
      expect(await call("get-structured-content", { location: "New York" })).toMatchObject({
        content: [{ type: "text", text: JSON.stringify(weather) }],
        structuredContent: weather,
      });
      const image = await control.call("get-tiny-image");
      expect(image.content).toHaveLength(3);
      expect((await call("get-tiny-image")).content).toEqual(image.content);
    });

    test("passes a tool's own failure on as a result", async () => {
      const expected = await control.call("get-sum", { a: "two", b: 1 });
      expect(expected.isError).toBe(true);
      expect(await call("get-sum", { a: "two", b: 1 })).toMatchObject({ isError: true, content: expected.content });
    });

    test("renders prompts and completes their arguments", async () => {
      expect(await client.prompt(`${prefix}args-prompt`, { city: "Kyiv", state: "Ukraine" })).toEqual([
        { role: "user", content: { type: "text", text: "What's weather in Kyiv, Ukraine?" } },
      ]);
      const name = `${prefix}completable-prompt`;
      expect(await client.complete(name, { name: "department", value: "S" })).toMatchObject({
        values: ["Sales", "Support"],
      });
      expect(await client.complete(name, { name: "name", value: "B" }, { department: "Engineering" })).toMatchObject({
        values: ["Bob"],
      });
      await expect(client.prompt(`${prefix}no-such-prompt`)).rejects.toMatchObject({ code: -32_602 });
    });

    test("reads listed resources and resources of a template", async () => {
      const [first] = sorted(await mine(client.resources()));
      const listed = (await control.resources()).find(({ name }) => prefix + name === first?.name);
      const [expected] = await control.read(String(listed?.uri));
      expect(expected).toMatchObject({ text: expect.stringMatching(/\w{3}/) });
      const [read] = await client.read(String(first?.uri));
      expect(read).toMatchObject({ ...(expected as object), uri: first?.uri });
      const template = (await mine(client.templates())).find(({ name }) => name.endsWith("Dynamic Text Resource"));
      const uri = String(template?.uriTemplate).replace("{resourceId}", "7");
      const [dynamic] = await client.read(uri);
      expect(dynamic).toMatchObject({ uri, mimeType: "text/plain", text: expect.stringMatching(/^Resource 7: /) });
    });

    test("reports progress while a call runs, in order, and then its result", async () => {
      const seen: unknown[] = [];
      const result = await client.call(
        `${prefix}trigger-long-running-operation`,
        { duration: 0.3, steps: 3 },
        { onprogress: (progress) => seen.push(progress) },
      );
      expect(result.content).toEqual([
        { type: "text", text: "Long running operation completed. Duration: 0.3 seconds, Steps: 3." },
      ]);
      expect(seen).toEqual([1, 2, 3].map((progress) => ({ progress, total: 3 })));
    });

    function call(tool: string, args?: Record<string, unknown>): ReturnType<McpClient["call"]> {
      return client.call(prefix + tool, args);
    }

    /** Of an aggregated list, the entries of this upstream. */
    async function mine<Entry extends { name: string }>(list: Promise<readonly Entry[]>): Promise<readonly Entry[]> {
      return (await list).filter(({ name }) => name.startsWith(prefix));
    }
  });
});

function sorted<Entry extends { readonly name: string }>(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}
