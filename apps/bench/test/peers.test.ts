import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { installPeer } from "../src/peers/install.ts";
import type { Peer } from "../src/peers/pins.ts";

const NAME = "a-peer-of-tests";
const SCRIPTS = { postinstall: `node -e "require('fs').writeFileSync('ran', '')"` };

let folder: string;
let registry: Server;
let archive: Buffer;
let requests = 0;

/** A registry with one package, whose install script would leave a mark. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "bench-peers-"));
  const source = join(folder, "source");
  mkdirSync(source);
  writeFileSync(join(source, "package.json"), JSON.stringify({ name: NAME, version: "1.0.0", scripts: SCRIPTS }));
  writeFileSync(join(source, "main.js"), "// ".padEnd(10_000, "x"));
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: source, stdio: "pipe" });
  archive = readFileSync(join(folder, `${NAME}-1.0.0.tgz`));
  requests = 0;
  registry = createServer((request, response) => {
    requests++;
    response.end(request.url?.endsWith(".tgz") ? archive : JSON.stringify(packument(`http://${request.headers.host}`)));
  });
  registry.listen(0, "127.0.0.1");
  await once(registry, "listening");
  const address = registry.address();
  const port = typeof address === "object" ? address?.port : undefined;
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
  vi.stubEnv("npm_config_cache", join(folder, "npm"));
  vi.stubEnv("npm_config_registry", `http://127.0.0.1:${port}/`);
  vi.stubEnv("npm_config_fetch_retries", "0");
});

afterEach(() => {
  vi.unstubAllEnvs();
  registry.closeAllConnections();
  registry.close();
  rmSync(folder, { recursive: true, force: true });
});

function integrity(): string {
  return `sha512-${createHash("sha512").update(archive).digest("base64")}`;
}

function packument(url: string): object {
  const dist = { tarball: `${url}/${NAME}.tgz`, integrity: integrity() };
  const version = { name: NAME, version: "1.0.0", scripts: SCRIPTS, hasInstallScript: true, dist };
  return { name: NAME, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } };
}

function peer(wanted = integrity()): Peer {
  return { name: NAME, version: "1.0.0", integrity: wanted, program: "main.js" };
}

function installed(): readonly string[] {
  const peers = join(folder, "cache/mcp-hangar-bench/peers");
  return existsSync(peers) ? readdirSync(peers) : [];
}

test("a peer is installed once, without its scripts, and its size is known", async () => {
  const found = await installPeer(peer());
  expect(existsSync(join(found.folder, "main.js"))).toBe(true);
  expect(existsSync(join(found.folder, "ran"))).toBe(false);
  expect(found.bytes).toBeGreaterThan(10_000);
  expect(found.bytes).toBeLessThan(100_000);
  const asked = requests;
  expect(asked).toBeGreaterThan(0);
  expect(await installPeer(peer())).toEqual(found);
  expect(requests).toBe(asked);
  expect(installed()).toEqual([`${NAME}-1.0.0`]);
});

test("what is not what was pinned is not kept", async () => {
  await expect(installPeer(peer("sha512-AAAA"))).rejects.toThrow(`the registry has another ${NAME} 1.0.0`);
  expect(installed()).toEqual([]);
});

test("without a registry one is told what could not be had, and how to do without", async () => {
  registry.closeAllConnections();
  registry.close();
  await once(registry, "close");
  await expect(installPeer(peer())).rejects.toThrow(
    /a-peer-of-tests@1\.0\.0 could not be installed.*leave out --peers.*ECONNREFUSED/s,
  );
  expect(installed()).toEqual([]);
});
