import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { COMPILE_CACHE } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { CLIENT_KINDS, connect, type McpClient } from "../src/harness/mcp-client.ts";
import { type TemporaryFolder, temporaryFolder } from "../src/harness/temporary-folder.ts";
import { FILESYSTEM, MEMORY, nodeServer } from "../src/harness/upstreams.ts";

let folder: TemporaryFolder;
let gateway: HttpGateway;

beforeAll(async () => {
  folder = await temporaryFolder();
  const files = join(folder.path, "files");
  await mkdir(files);
  await writeFile(join(files, "greeting.txt"), "hello from disk\n");
  gateway = await startGateway({
    mcp_servers: {
      files: nodeServer(FILESYSTEM, files),
      memory: { ...nodeServer(MEMORY), env: { ...COMPILE_CACHE, MEMORY_FILE_PATH: join(folder.path, "memory.jsonl") } },
    },
  });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

describe.each(CLIENT_KINDS)("server-filesystem and server-memory with the official client %s", (kind) => {
  let client: McpClient;

  beforeAll(async () => {
    client = await connect(kind, gateway.mcpUrl());
  });

  afterAll(async () => {
    await client?.[Symbol.asyncDispose]();
  });

  test("one aggregated list has the tools of both servers and nothing of theirs unprefixed", async () => {
    const names = (await client.tools()).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("files__"))).toHaveLength(14);
    expect(names.filter((name) => name.startsWith("memory__"))).toHaveLength(9);
    expect(names.filter((name) => !/^(files__|memory__|hangar_)/.test(name))).toEqual([]);
  });

  test("a file is read and written on the real disk", async () => {
    const path = join(folder.path, "files", "greeting.txt");
    expect(await client.call("files__read_text_file", { path })).toMatchObject({
      content: [{ type: "text", text: "hello from disk\n" }],
    });
    const written = join(folder.path, "files", `${kind.replaceAll(" ", "-")}.txt`);
    await client.call("files__write_file", { path: written, content: `written by ${kind}` });
    expect(await readFile(written, "utf8")).toBe(`written by ${kind}`);
  });

  test("a path outside the folder is a failed result that names the reason", async () => {
    const refused = await client.call("files__read_text_file", { path: "/etc/passwd" });
    expect(refused).toMatchObject({ isError: true });
    expect(JSON.stringify(refused.content)).toContain("outside allowed directories");
  });

  test("the server's own endpoint has the same tools without the prefix", async () => {
    await using own = await connect(kind, gateway.mcpUrl("files"));
    const prefixed = (await client.tools()).filter(({ name }) => name.startsWith("files__"));
    expect((await own.tools()).map((tool) => ({ ...tool, name: `files__${tool.name}` }))).toEqual(prefixed);
    const path = join(folder.path, "files", "greeting.txt");
    expect((await own.call("read_text_file", { path })).content).toEqual([{ type: "text", text: "hello from disk\n" }]);
  });

  test("the memory graph keeps what was stored", async () => {
    const name = `entity of ${kind}`;
    const entity = { name, entityType: "test", observations: ["seen once"] };
    const stored = await client.call("memory__create_entities", { entities: [entity] });
    expect(stored.structuredContent).toEqual({ entities: [entity] });
    const found = await client.call("memory__open_nodes", { names: [name] });
    expect(found.structuredContent).toMatchObject({ entities: [entity], relations: [] });
  });
});

test("an upstream does not see the gateway's environment", async () => {
  const secret = "do-not-pass-me-on";
  await using isolated = await startGateway(
    {
      mcp_servers: {
        memory: { ...nodeServer(MEMORY), env: { ...COMPILE_CACHE, MEMORY_FILE_PATH: join(folder.path, "m2.jsonl") } },
      },
    },
    { HANGAR_E2E_SECRET: secret },
  );
  await using client = await connect("sdk v2 legacy", isolated.mcpUrl());
  expect((await client.tools()).length).toBeGreaterThan(0);
  const children = await readFile(`/proc/${isolated.process.pid}/task/${isolated.process.pid}/children`, "utf8");
  const ids = children.split(" ").filter((id) => id !== "");
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) expect(await readFile(`/proc/${id}/environ`, "utf8")).not.toContain(secret);
});
