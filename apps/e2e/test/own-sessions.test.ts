import { commandLine, poll, processesMarked } from "@mcp-hangar/testing";
import { describe, expect, test } from "vitest";
import { containerStandIn } from "../src/harness/container-stand-in.ts";
import { type HttpGateway, startGateway } from "../src/harness/gateway-process.ts";
import { type Person, person } from "../src/harness/person.ts";
import { reloadByRest } from "../src/harness/reloading.ts";
import { rest } from "../src/harness/rest.ts";
import { type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { EVERYTHING, nodeServer, startFixture } from "../src/harness/upstreams.ts";
import { modernRequest, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

let numbers = 0;
const newMarker = (): string => `own-sessions-${process.pid}-${++numbers}-end`;

/** How the server runs: one process or container a session, or all sessions in one. */
const MODES = ["subprocess", "docker", "remote"] as const;
type Mode = (typeof MODES)[number];

/** A server that is like a browser, ready to be configured. */
interface Browser extends AsyncDisposable {
  /** In the command line of each of its processes; of a remote one, of none. */
  readonly marker: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Containers that are there, of one that runs in some. */
  readonly containers: () => readonly string[];
}

async function browser(mode: Mode): Promise<Browser> {
  const marker = newMarker();
  const file = fixtureFile("browser/main.ts");
  const none = { containers: () => [] };
  switch (mode) {
    case "subprocess":
      return { marker, options: nodeServer(file, "stdio", marker), ...none, [Symbol.asyncDispose]: async () => {} };
    case "docker": {
      const engine = await containerStandIn(file, "stdio", marker);
      const containers = (): readonly string[] => engine.containers();
      return { marker, options: engine.server, containers, [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
    }
    case "remote": {
      const upstream = await startFixture("browser/main.ts", "http");
      const options = { mode, endpoint: upstream.url };
      return { marker, options, ...none, [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose]() };
    }
  }
}

/** The servers themselves: a supervisor has the same words in its command line, but is another program. */
const serversOf = (marker: string): readonly number[] =>
  processesMarked(marker).filter((pid) => commandLine(pid).startsWith(process.execPath));
const allGone = ({ marker, containers }: Browser): Promise<unknown> =>
  poll(`the end of ${marker}`, () => processesMarked(marker).length === 0 && containers().length === 0);

async function sessionsOf(gateway: HttpGateway, headers: Record<string, string> = {}): Promise<unknown> {
  const answer = await rest(gateway, "GET", "/api/mcp_servers/browser", { headers });
  return (answer.json() as { readonly sessions: unknown }).sessions;
}

/** Two people with keys of their own, ann with two clients. */
interface House extends AsyncDisposable {
  readonly secured: SecuredGateway;
  readonly ann: Person;
  readonly annToo: Person;
  readonly bob: Person;
}

async function house(server: Record<string, unknown>): Promise<House> {
  await using cleanup = new AsyncDisposableStack();
  const secured = cleanup.use(await startSecuredGateway({ mcp_servers: { browser: server } }));
  const url = secured.gateway.mcpUrl("browser");
  const [annKey, bobKey] = [await secured.keyFor("ann", "agent"), await secured.keyFor("bob", "agent")];
  const ann = cleanup.use(await person(url, "ann", { key: annKey }));
  const annToo = cleanup.use(await person(url, "ann-too", { key: annKey }));
  const bob = cleanup.use(await person(url, "bob", { key: bobKey }));
  const owned = cleanup.move();
  return { secured, ann, annToo, bob, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe.each(MODES)("a server with a memory (%s)", (mode) => {
  test("shows each of two people their own page, and asks each of them, also at the same time and at any time", async () => {
    await using server = await browser(mode);
    await using home = await house({ ...server.options, sessions: "per_caller" });
    const { ann, annToo, bob, secured } = home;

    await Promise.all([ann.use("open", "https://ann"), bob.use("open", "https://bob")]);
    expect(await Promise.all([ann, annToo, bob].map((each) => each.use("page")))).toEqual([
      "https://ann",
      "https://ann",
      "https://bob",
    ]);
    expect(await sessionsOf(secured.gateway, { authorization: `Bearer ${secured.admin}` })).toEqual({
      mode: "per_caller",
      open: 2,
      max: 20,
    });

    for (let round = 0; round < 5; round++) {
      const [hers, his] = await Promise.all([ann.use("who"), bob.use("who"), bob.use("work", "20")]);
      expect([hers, his]).toEqual(["ann", "bob"]);
    }

    await ann.client.setLoggingLevel("debug");
    const working = bob.use("work", "500");
    await Promise.all([ann.use("later"), bob.use("later")]);
    const heard = (each: Person, answer: string): Promise<unknown> =>
      poll(`what ${answer} says`, async () => (await each.use("heard")) === answer);
    await Promise.all([heard(ann, "ann file:///ann"), heard(bob, "bob file:///bob")]);
    await working;
    await poll("the log", () => ann.logs.length > 0);
    // Debug messages are not for those who did not ask for them.
    expect([ann.logs, bob.logs]).toEqual([["https://ann"], []]);

    await ann.client.sendRootsListChanged();
    await poll("the change of her roots", async () => (await ann.use("rootChanges")) === "1");
    expect(await bob.use("rootChanges")).toBe("0");
    expect(JSON.parse(await ann.use("abilities"))).toEqual({
      elicitation: { form: {} },
      roots: { listChanged: true },
    });

    await Promise.all([ann, bob].map((each) => each.client.subscribeResource({ uri: "page://current" })));
    await ann.use("open", "https://ann/2");
    await poll("the update", () => ann.updates.length > 0);
    await bob.use("open", "https://bob/2");
    await poll("his update", () => bob.updates.length > 0);
    expect([ann.updates, bob.updates]).toEqual([["page://current"], ["page://current"]]);
    expect((await bob.client.readResource({ uri: "page://current" })).contents).toEqual([
      { uri: "page://current", text: "https://bob/2" },
    ]);
  }, 150_000);

  test("shows each client its own page where clients are what counts, those of nobody in particular, too", async () => {
    await using server = await browser(mode);
    await using home = await house({ ...server.options, sessions: "per_client" });
    const { ann, annToo } = home;
    await Promise.all([ann.use("open", "https://1"), annToo.use("open", "https://2")]);
    expect(await Promise.all([ann.use("page"), annToo.use("page")])).toEqual(["https://1", "https://2"]);
    expect(await Promise.all([ann.use("who"), annToo.use("who")])).toEqual(["ann", "ann-too"]);

    await using open = await startGateway({ mcp_servers: { browser: { ...server.options, sessions: "per_caller" } } });
    const url = open.mcpUrl("browser");
    await using first = await person(url, "one");
    await using second = await person(url, "two");
    await Promise.all([first.use("open", "https://1"), second.use("open", "https://2")]);
    expect(await Promise.all([first.use("page"), second.use("page")])).toEqual(["https://1", "https://2"]);
    expect(await Promise.all([first.use("who"), second.use("who")])).toEqual(["one", "two"]);
    // Who cannot be told apart from others shares with nobody.
    const open3 = await modernRequest(url, "tools/call", { name: "open", arguments: { text: "https://3" } });
    expect(textOf(open3.message)).toBe("https://3");
    const page = await modernRequest(url, "tools/call", { name: "page", arguments: {} });
    expect(textOf(page.message)).toBe("about:blank");
    expect(await sessionsOf(open)).toMatchObject({ open: 2 });
  }, 150_000);
});

test("a published server asks each of two people, while both call it", async () => {
  await using home = await house({ ...nodeServer(EVERYTHING), sessions: "per_caller" });
  const asked = async ({ client }: Person): Promise<string> =>
    JSON.stringify(await client.callTool({ name: "trigger-elicitation-request", arguments: {} }));
  for (let round = 0; round < 5; round++) {
    const [hers, his] = await Promise.all([home.ann, home.bob].map(asked));
    expect([hers, his]).toEqual([expect.stringContaining("Name: ann"), expect.stringContaining("Name: bob")]);
  }
  expect([home.ann.asked(), home.bob.asked(), home.annToo.asked()]).toEqual([5, 5, 0]);
});

describe.each([
  { mode: "subprocess", losses: 20, kills: 4 },
  { mode: "docker", losses: 4, kills: 2 },
] as const)("sessions that are processes ($mode)", ({ mode, losses, kills }) => {
  test("end with their clients, and leave nothing behind", async () => {
    await using server = await browser(mode);
    const { marker } = server;
    await using gateway = await startGateway({
      mcp_servers: { browser: { ...server.options, sessions: "per_client" } },
    });
    const url = gateway.mcpUrl("browser");
    {
      await using ann = await person(url, "ann");
      await using bob = await person(url, "bob");
      const pids = await Promise.all([ann.use("pid"), bob.use("pid")]);
      expect(new Set(pids).size).toBe(2);
      expect(serversOf(marker)).toHaveLength(3);
    }
    await poll("the end of two", () => serversOf(marker).length === 1);
    expect(await sessionsOf(gateway)).toMatchObject({ open: 0 });
    await gateway.stop();
    await allGone(server);
  });

  test(`are started anew for whoever lost one, ${losses} times, while others keep theirs`, async () => {
    await using server = await browser(mode);
    const { marker } = server;
    await using gateway = await startGateway({
      mcp_servers: { browser: { ...server.options, sessions: "per_client" } },
    });
    await using ann = await person(gateway.mcpUrl("browser"), "ann");
    await using bob = await person(gateway.mcpUrl("browser"), "bob");
    await bob.use("open", "https://bob");
    await ann.client.subscribeResource({ uri: "page://current" });
    for (let kill = 0; kill < losses; kill++) {
      await ann.use("open", "https://ann");
      const pid = Number(await ann.use("pid"));
      const lost = kill % 2 === 0 ? ann.use("work", "60000") : undefined;
      if (lost !== undefined) await poll("the call", async () => (await inFlight(gateway)) === 1);
      process.kill(pid, "SIGKILL");
      await lost?.catch(() => undefined);
      // A call in the instant between the end and the news of it fails, and can be made again.
      expect(await poll("another", () => ann.use("page"))).toBe("about:blank");
      expect(await bob.use("page")).toBe("https://bob");
    }
    // What she had subscribed to is known to the newest, too.
    const before = ann.updates.length;
    await ann.use("open", "https://ann");
    await poll("the update", () => ann.updates.length > before);
    expect(serversOf(marker)).toHaveLength(3);
    await gateway.stop();
    await allGone(server);
  }, 150_000);

  test("leave no orphan when the gateway is killed", async () => {
    for (let kill = 0; kill < kills; kill++) {
      await using server = await browser(mode);
      const { marker } = server;
      await using gateway = await startGateway({
        mcp_servers: { browser: { ...server.options, sessions: "per_client" } },
      });
      const people = await Promise.all(["a", "b", "c"].map((name) => person(gateway.mcpUrl("browser"), name)));
      const working = people.map(async (each) => {
        await each.use("page");
        if (kill % 2 === 0) await each.use("work", "60000");
      });
      const ended = Promise.allSettled(working);
      if (kill % 2 === 0) await poll("the calls", async () => (await inFlight(gateway)) === 3);
      else await ended;
      await poll("all servers", () => serversOf(marker).length === 4);
      gateway.process.kill("SIGKILL");
      await allGone(server);
      await ended;
      await Promise.all(people.map(({ client }) => client.close()));
    }
  }, 150_000);

  test("are no more than allowed, end when nobody uses them, and with a reload", async () => {
    await using server = await browser(mode);
    const config = (options: object): Parameters<typeof startGateway>[0] => ({
      mcp_servers: { browser: { ...server.options, sessions: "per_client", ...options } },
    });
    await using gateway = await startGateway(config({ max_sessions: 2 }));
    const url = gateway.mcpUrl("browser");
    await using ann = await person(url, "ann");
    await using bob = await person(url, "bob");
    await using eve = await person(url, "eve");
    await ann.use("open", "https://ann");
    await bob.use("open", "https://bob");
    // The one that is in use stays, whoever came first.
    const working = ann.use("work", "60000").catch(() => undefined);
    await poll("the call", async () => (await inFlight(gateway)) === 1);
    await eve.use("open", "https://eve");
    expect(await sessionsOf(gateway)).toEqual({ mode: "per_client", open: 2, max: 2 });
    const more = eve.use("work", "60000").catch(() => undefined);
    await poll("both calls", async () => (await inFlight(gateway)) === 2);
    await expect(bob.use("page")).rejects.toThrow(/all 2 sessions with server "browser" \(max_sessions\) are in use/);
    const page = await gateway.metrics();
    const of = (metric: string, labels: object = {}): number => page.sum(metric, { mcp_server: "browser", ...labels });
    expect({
      inUse: of("mcp_hangar_mcp_server_sessions", { use: "in_use" }),
      idle: of("mcp_hangar_mcp_server_sessions", { use: "idle" }),
      max: of("mcp_hangar_mcp_server_sessions_max"),
      refused: of("mcp_hangar_mcp_server_sessions_refused_total"),
    }).toEqual({ inUse: 2, idle: 0, max: 2, refused: 1 });

    expect((await reloadByRest(gateway, config({ max_sessions: 2, idle_ttl_s: 1 }))).status).toBe(200);
    // Their calls go on at the old ones.
    expect(await bob.use("page")).toBe("about:blank");
    expect(await sessionsOf(gateway)).toMatchObject({ open: 1 });
    await poll("idle ones to end", async () => ((await sessionsOf(gateway)) as { readonly open: number }).open === 0);
    // The calls end with their clients, and what they used with them.
    await Promise.all([ann, eve].map((each) => each[Symbol.asyncDispose]()));
    await Promise.all([working, more]);
    await gateway.stop();
    await allGone(server);
  }, 150_000);
});

async function inFlight(gateway: HttpGateway): Promise<number> {
  const answer = await rest(gateway, "GET", "/api/mcp_servers/browser");
  return (answer.json() as { readonly in_flight: number }).in_flight;
}
