import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { commandLine, parentOf, poll, processesMarked } from "@mcp-hangar/testing";
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { describe, expect, test } from "vitest";
import { type Person, person } from "../src/harness/person.ts";
import { writeOver } from "../src/harness/reloading.ts";
import { rest } from "../src/harness/rest.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "../src/harness/secured-gateway.ts";
import { temporaryFolder } from "../src/harness/temporary-folder.ts";
import { installed, programOf } from "../src/published/install.ts";

const PACKAGE = "@playwright/mcp@0.0.83";
/** Where Debian's package `chromium` puts it. */
const CHROMIUM = "/usr/bin/chromium";
const NAMES = ["ann", "bob", "eve"] as const;

/** Two people with keys of their own and a third, at real browsers, and a website that they look at. */
interface House extends AsyncDisposable {
  readonly secured: SecuredGateway;
  readonly people: Readonly<Record<(typeof NAMES)[number], Person>>;
  /** Address of a page of the website. */
  page(name: string): string;
  /** Its own processes and those of its browsers. */
  processes(): readonly number[];
  /** Puts other options of the server into force; resolves to the status. */
  reload(options: object): Promise<number>;
}

async function house(options: object = {}): Promise<House> {
  await using cleanup = new AsyncDisposableStack();
  const home = await installed(PACKAGE);
  if (home === undefined) throw new Error(`${PACKAGE} could not be installed`);
  const folder = cleanup.use(await temporaryFolder()).path;
  const site = createServer(({ url }, response) => {
    response.setHeader("content-type", "text/html").end(`<title>Page</title><h1>This is the page ${url}</h1>`);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  cleanup.defer(() => void site.close());
  // A TCP server's address is an AddressInfo once it listens.
  const { port } = site.address() as AddressInfo;
  const args = [
    programOf(home, PACKAGE),
    "--headless",
    "--no-sandbox",
    "--isolated",
    "--executable-path",
    CHROMIUM,
    "--output-dir",
    folder,
  ];
  // Profiles of the browsers are below it, so that their command lines have it as well.
  const server = { mode: "subprocess", command: process.execPath, args, env: { HOME: folder, TMPDIR: folder } };
  const config = (more: object): Record<string, Record<string, unknown>> => ({
    browser: { ...server, sessions: "per_caller", ...more },
  });
  const secured = cleanup.use(await startSecuredGateway({ mcp_servers: config(options) }));
  const people = await Promise.all(
    NAMES.map(async (name) => {
      const key = await secured.keyFor(name, "agent");
      return [name, cleanup.use(await person(secured.gateway.mcpUrl("browser"), name, { key }))] as const;
    }),
  );
  const owned = cleanup.move();
  return {
    secured,
    // One of each name.
    people: Object.fromEntries(people) as House["people"],
    page: (name) => `http://127.0.0.1:${port}/${name}`,
    processes: () => processesMarked(folder),
    async reload(more) {
      const { gateway, admin, keyFile } = secured;
      await writeOver(gateway, { mcp_servers: config(more), auth: { api_keys: { file: keyFile } } });
      return (await rest(gateway, "POST", "/api/config/reload", { headers: bearer(admin) })).status;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Opens a page in a person's browser, and gives what is seen there. */
async function open(who: Person, url: string): Promise<string> {
  return use(who, "browser_navigate", { url });
}

const look = (who: Person): Promise<string> => use(who, "browser_snapshot", {});

async function use(who: Person, name: string, args: object): Promise<string> {
  const request = { method: "tools/call" as const, params: { name, arguments: { ...args } } };
  return JSON.stringify(await who.client.request(request, CallToolResultSchema, { timeout: 120_000 }));
}

describe.skipIf(!existsSync(CHROMIUM))("real browsers, one a caller", () => {
  test("show each of two people their own page, whatever the other does, and after one was killed", async () => {
    await using home = await house();
    const { ann, bob } = home.people;
    await Promise.all([open(ann, home.page("ann")), open(bob, home.page("bob"))]);
    for (let round = 0; round < 3; round++) {
      const [hers, his] = await Promise.all([look(ann), look(bob)]);
      expect([hers.includes("page /ann"), hers.includes("page /bob")]).toEqual([true, false]);
      expect([his.includes("page /bob"), his.includes("page /ann")]).toEqual([true, false]);
    }
    expect(await sessionsOf(home.secured)).toEqual({ mode: "per_caller", open: 2, max: 20 });

    // The browser of one dies with its server; the other's page stays.
    const [browser] = home.processes().filter((pid) => isBrowser(pid) && !commandLine(pid).includes("--type="));
    if (browser === undefined) throw new Error("no browser runs");
    process.kill(parentOf(browser), "SIGKILL");
    await poll("one session to be lost", async () => (await openSessions(home.secured)) < 2);
    const [hers, his] = await Promise.all([poll("ann's", () => look(ann)), poll("bob's", () => look(bob))]);
    const kept = [hers.includes("page /ann"), his.includes("page /bob")];
    expect(kept.filter(Boolean)).toHaveLength(1);
    expect([hers.includes("page /bob"), his.includes("page /ann")]).toEqual([false, false]);
    await home.secured.gateway.stop();
    await poll("all browsers to end", () => home.processes().length === 0);
  }, 300_000);

  test("are no more than allowed, end when nobody uses them and with a reload, and leave nothing behind", async () => {
    await using home = await house({ max_sessions: 2 });
    const { ann, bob, eve } = home.people;
    await open(ann, home.page("ann"));
    await open(bob, home.page("bob"));
    // The one that was idle for longest has to go.
    expect(await open(eve, home.page("eve"))).toContain("/eve");
    expect(await sessionsOf(home.secured)).toMatchObject({ open: 2, max: 2 });
    expect(await look(bob)).toContain("page /bob");
    expect(await look(ann)).not.toContain("page /ann");

    expect(await home.reload({ max_sessions: 2, idle_ttl_s: 2 })).toBe(200);
    expect(await look(ann)).not.toContain("page /");
    await poll("idle browsers to end", async () => (await openSessions(home.secured)) === 0);
    await poll("their processes to end", () => home.processes().filter(isBrowser).length === 0);
    await open(ann, home.page("ann"));
    expect(home.processes().filter(isBrowser).length).toBeGreaterThan(0);
    home.secured.gateway.process.kill("SIGKILL");
    await poll("all to end with the gateway", () => home.processes().length === 0);
  }, 300_000);
});

function isBrowser(pid: number): boolean {
  return commandLine(pid).includes("chromium/");
}

async function sessionsOf({ gateway, admin }: SecuredGateway): Promise<unknown> {
  const answer = await rest(gateway, "GET", "/api/mcp_servers/browser", { headers: bearer(admin) });
  return (answer.json() as { readonly sessions: unknown }).sessions;
}

async function openSessions(secured: SecuredGateway): Promise<number> {
  return ((await sessionsOf(secured)) as { readonly open: number }).open;
}
