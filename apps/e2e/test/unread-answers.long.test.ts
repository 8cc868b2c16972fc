import { connect, type Socket } from "node:net";
import { poll, residentBytes } from "@mcp-hangar/testing";
import { afterEach, describe, expect, test } from "vitest";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const MEBIBYTE = 1_024 * 1_024;
/** More than kernels buffer for a connection on loopback. */
const ANSWER_BYTES = 10 * MEBIBYTE;
const CLIENTS = 20;
const SHARE = 32 * MEBIBYTE;
/** A busy machine takes its time to make and carry hundreds of megabytes. */
const DEADLINE_MS = 180_000;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Asks for a large answer and reads nothing of it. */
function askAndLeaveUnread(url: string, key: string): void {
  const { hostname, port, pathname, host } = new URL(url);
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name: "own__big", arguments: { bytes: ANSWER_BYTES }, _meta: meta };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  const headers = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${host}`,
    "content-type: application/json",
    "accept: application/json, text/event-stream",
    "mcp-protocol-version: 2026-07-28",
    "mcp-method: tools/call",
    "mcp-name: own__big",
    `authorization: Bearer ${key}`,
    `content-length: ${body.length}`,
  ];
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on("error", () => {}).pause();
  socket.write(`${headers.join("\r\n")}\r\n\r\n${body}`);
}

describe("large answers that a caller leaves unread", { timeout: 600_000 }, () => {
  test("cost that caller its share and no more, and nobody else notices", async () => {
    await using secured: SecuredGateway = await startSecuredGateway({
      mcp_servers: { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) },
      // However long it takes until there is no room, none is given up before.
      http: { write_timeout_s: 3_600, max_buffered_bytes_per_caller: SHARE, max_buffered_bytes: 4 * SHARE },
    });
    const { gateway, admin } = secured;
    const [greedy, other] = [await secured.keyFor("greedy", "agent"), await secured.keyFor("other", "agent")];
    const call = (key: string, tool: string, bytes = 1) =>
      modernRequest(
        gateway.mcpUrl(),
        "tools/call",
        { name: `own__${tool}`, arguments: { bytes } },
        { headers: bearer(key) },
      );
    expect((await call(other, "ok")).message.result).toBeDefined();
    const page = () => gateway.metrics(bearer(admin));
    const held = async (): Promise<number> => (await page()).sum("mcp_hangar_buffered_bytes");
    const shed = async (reason: string): Promise<number> =>
      (await page()).sum("mcp_hangar_load_shed_total", { reason });
    const before = residentBytes(gateway.process.pid);

    let most = 0;
    let resident = 0;
    for (let index = 0; index < CLIENTS; index++) askAndLeaveUnread(gateway.mcpUrl(), greedy);
    await poll(
      "an answer without room",
      async () => {
        most = Math.max(most, await held());
        resident = Math.max(resident, residentBytes(gateway.process.pid));
        return (await shed("buffered_bytes")) > 0;
      },
      DEADLINE_MS,
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(SHARE);
    // Others get what they ask for, large or small.
    const answers = await Promise.all([call(other, "ok"), call(other, "big", ANSWER_BYTES)]);
    expect(answers.map(({ message }) => message.error)).toEqual([undefined, undefined]);
    expect(JSON.stringify(answers[1]?.message.result).length).toBeGreaterThan(ANSWER_BYTES);

    for (const socket of sockets.splice(0)) socket.destroy();
    await poll("no answer that waits", async () => (await held()) === 0, DEADLINE_MS);
    // Whoever reads is served again.
    expect((await call(greedy, "big", ANSWER_BYTES)).message.error).toBeUndefined();
    // Not only what is counted is bounded: garbage, copies and results under way are within reason as well.
    expect((resident - before) / MEBIBYTE).toBeLessThan((CLIENTS * ANSWER_BYTES) / MEBIBYTE);
  });

  test("are given up, and give back what they held", async () => {
    await using secured: SecuredGateway = await startSecuredGateway({
      mcp_servers: { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) },
      http: { write_timeout_s: 1 },
    });
    const { gateway, admin } = secured;
    const key = await secured.keyFor("greedy", "agent");
    for (let index = 0; index < 3; index++) askAndLeaveUnread(gateway.mcpUrl(), key);
    await poll(
      "that all are given up",
      async () => {
        const page = await gateway.metrics(bearer(admin));
        const given = page.sum("mcp_hangar_load_shed_total", { reason: "unread_answer" });
        return given === 3 && page.sum("mcp_hangar_buffered_bytes") === 0;
      },
      DEADLINE_MS,
    );
  });

  test("and further ones are refused with an error that says to come back", async () => {
    await using secured: SecuredGateway = await startSecuredGateway({
      mcp_servers: { own: nodeServer(fixtureFile("misbehaving/stdio.ts")) },
      http: { write_timeout_s: 3_600, max_buffered_bytes_per_caller: 16 * MEBIBYTE },
    });
    const { gateway } = secured;
    const key = await secured.keyFor("greedy", "agent");
    for (let index = 0; index < 4; index++) askAndLeaveUnread(gateway.mcpUrl(), key);
    const call = (bytes: number) =>
      modernRequest(
        gateway.mcpUrl(),
        "tools/call",
        { name: "own__big", arguments: { bytes } },
        { headers: bearer(key) },
      );
    const refused = async () => {
      const { message } = await call(ANSWER_BYTES);
      return message.error;
    };
    const error = await poll("a refusal", refused, DEADLINE_MS);
    expect(error).toMatchObject({
      message: expect.stringContaining("http.max_buffered_bytes_per_caller"),
      data: { error_type: "overloaded", retryable: true, retry_after_ms: expect.any(Number) },
    });
    // Small answers need no room.
    expect((await call(1_000)).message.result).toBeDefined();
  });
});
