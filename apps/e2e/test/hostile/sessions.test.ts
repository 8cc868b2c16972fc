import { createServer, request as forward, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { exitOf, poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type GatewayConfig, type HttpGateway, startGateway, writeConfig } from "../../src/harness/gateway-process.ts";
import { rest } from "../../src/harness/rest.ts";
import { expectRecords } from "../../src/harness/told-facts.ts";
import { type HttpUpstream, startFixture } from "../../src/harness/upstreams.ts";
import { openLegacySession, post } from "../../src/harness/wire-client.ts";
import { type Witness, witness } from "../../src/harness/witness.ts";

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "sessions", version: "1" } },
};

let fixture: HttpUpstream;
/** Stands before the fixture and holds what comes until it is opened. */
let gate: Server;
let held: (() => void)[] = [];
let isOpen = false;

beforeAll(async () => {
  fixture = await startFixture("conformance/main.ts");
  gate = createServer((request, response) => {
    const pass = (): void => {
      const { method, headers } = request;
      const onward = forward(
        fixture.url,
        { method, headers: { ...headers, host: new URL(fixture.url).host } },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        },
      );
      onward.on("error", () => response.destroy());
      request.pipe(onward);
    };
    if (isOpen) pass();
    else held.push(pass);
  });
  await new Promise<void>((resolve) => gate.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  gate?.closeAllConnections();
  gate?.close();
  await fixture?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  isOpen = false;
  held = [];
});

function openGate(): void {
  isOpen = true;
  for (const pass of held.splice(0)) pass();
}

/** The configuration of a gateway, with or without the server behind the gate. */
function config(withSlow: boolean): GatewayConfig {
  // A TCP server's address is an AddressInfo once it listens.
  const endpoint = `http://127.0.0.1:${(gate.address() as AddressInfo).port}/mcp`;
  return {
    mcp_servers: {
      quick: { mode: "remote", endpoint: fixture.url },
      ...(withSlow && { slow: { mode: "remote", endpoint } }),
    },
    http: { shutdown_timeout_s: 1 },
    config_reload: { watch: false },
  };
}

function start(inside: Witness): Promise<HttpGateway> {
  return startGateway(config(true), inside.env);
}

async function removeSlow(gateway: HttpGateway): Promise<void> {
  await writeConfig(dirname(gateway.configFile), config(false));
  const answer = await rest(gateway, "POST", "/api/config/reload", { body: {} });
  expect(answer.status, answer.text).toBe(200);
}

/** Begins a session at the server behind the gate; its handshake waits there. */
async function beginHandshake(
  gateway: HttpGateway,
): Promise<{ readonly leave: () => void; readonly ended: Promise<unknown> }> {
  const left = new AbortController();
  const ended = post(gateway.mcpUrl("slow"), INITIALIZE, { signal: left.signal }).catch((error: unknown) => error);
  await poll("a handshake at the gate", () => held.length > 0);
  return { leave: () => left.abort(), ended };
}

/** Ends the gateway and looks at all its sessions: each was opened once and closed once. Returns why they were closed. */
async function reasonsAtTheEnd(gateway: HttpGateway, inside: Witness): Promise<readonly (string | undefined)[]> {
  gateway.process.kill("SIGTERM");
  await exitOf(gateway.process, "the gateway after SIGTERM");
  const idsOf = (type: string): readonly (string | undefined)[] =>
    inside.events().flatMap(({ record }) => (record?.type === type ? [record.target.name] : []));
  expect(new Set(idsOf("session.opened")).size).toBe(idsOf("session.opened").length);
  expect(new Set(idsOf("session.closed"))).toEqual(new Set(idsOf("session.opened")));
  expect(idsOf("session.closed").length).toBe(idsOf("session.opened").length);
  expectRecords(inside.events());
  expect(inside.events().at(-1)?.type).toBe("gateway.stopped");
  return inside.events().flatMap(({ record }) => (record?.type === "session.closed" ? [record.reason] : []));
}

test("a session that its client ends five times at once ends once", async () => {
  await using inside = await witness();
  await using gateway = await start(inside);
  const session = await openLegacySession(gateway.mcpUrl());
  await using _stream = await session.listen();
  await Promise.all([1, 2, 3, 4, 5].map(() => session.end()));
  expect(await reasonsAtTheEnd(gateway, inside)).toEqual(["client"]);
});

test("sessions with open streams and running requests end with the gateway", async () => {
  await using inside = await witness();
  await using gateway = await start(inside);
  const sessions = await Promise.all(
    [undefined, "quick", undefined].map((id) => openLegacySession(gateway.mcpUrl(id))),
  );
  await using _stream = await sessions[0]?.listen();
  const running = sessions[1]?.request("resources/read", { uri: "test://static-text" }).catch(() => {});
  const asked = sessions[2]?.request("tools/call", { name: "slow__x", arguments: {} }).catch(() => {});
  await poll("a call at the gate", () => held.length > 0);
  expect(await reasonsAtTheEnd(gateway, inside)).toEqual(["shutdown", "shutdown", "shutdown"]);
  await Promise.all([running, asked]);
});

test("a session whose client left during the handshake ends with the gateway", async () => {
  await using inside = await witness();
  await using gateway = await start(inside);
  const { leave, ended } = await beginHandshake(gateway);
  leave();
  await ended;
  openGate();
  await poll("the end of the handshake", () => inside.events().some(({ record }) => record?.action === "initialize"));
  await reasonsAtTheEnd(gateway, inside);
});

test("a session with a server that is removed ends with it", async () => {
  await using inside = await witness();
  await using gateway = await start(inside);
  openGate();
  await openLegacySession(gateway.mcpUrl("slow"));
  await removeSlow(gateway);
  await poll("the end of the session", () => inside.events().some(({ type }) => type === "session.closed"));
  expect(await reasonsAtTheEnd(gateway, inside)).toEqual(["server_removed"]);
});

test("a handshake with a server that is removed meanwhile opens no session that lasts", async () => {
  await using inside = await witness();
  await using gateway = await start(inside);
  const { ended } = await beginHandshake(gateway);
  await removeSlow(gateway);
  openGate();
  await ended;
  await reasonsAtTheEnd(gateway, inside);
});

test("a handshake that the end of the gateway meets opens no session that lasts", async () => {
  await using inside = await witness();
  await using gateway = await start(inside);
  const { ended } = await beginHandshake(gateway);
  gateway.process.kill("SIGTERM");
  await gateway.process.event("shutdown_timed_out");
  openGate();
  await ended;
  await reasonsAtTheEnd(gateway, inside);
});
