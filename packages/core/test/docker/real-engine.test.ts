import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { poll } from "@mcp-hangar/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dockerOptions } from "../../src/options.ts";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import { dockerTransport } from "../../src/transports/docker/index.ts";
import { StartError, type UpstreamSession } from "../../src/transports/session.ts";
import { call, fixture, Recorder, textOf } from "../stdio/harness.ts";

const IMAGE = `localhost/mcp-hangar-test-${process.pid}:1`;
const never = new AbortController().signal;

for (const engine of ["docker", "podman"]) {
  describe(`with ${engine}`, { timeout: 120_000, tags: [engine] }, () => {
    const run = (...args: string[]): string => execFileSync(engine, args, { encoding: "utf8" });
    let folder: string;

    /** An image without a registry: Node.js as it runs here, the libraries it needs, and two servers. */
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "mcp-hangar-image-"));
      const root = join(folder, "root");
      const copy = (from: string, to: string): void => {
        mkdirSync(join(root, dirname(to)), { recursive: true });
        copyFileSync(from, join(root, to));
      };
      for (const empty of ["tmp", "dev", "proc", "sys", "etc", "data"])
        mkdirSync(join(root, empty), { recursive: true });
      copy(process.execPath, "node");
      for (const [library] of execFileSync("ldd", [process.execPath], { encoding: "utf8" }).matchAll(/\/\S+/g))
        copy(library, library);
      for (const server of ["legacy-server.mjs", "odd-server.mjs"]) copy(fixture(server), server);
      execFileSync("tar", ["-C", root, "-cf", join(folder, "image.tar"), "."]);
      run("import", "--change", 'ENTRYPOINT ["/node"]', join(folder, "image.tar"), IMAGE);
    });

    afterAll(() => {
      run("rmi", "--force", IMAGE);
      rmSync(folder, { recursive: true });
    });

    const optionsOf = (args: readonly string[], more: object = {}) => ({
      mode: "docker",
      engine,
      image: IMAGE,
      pull: "never",
      args,
      ...more,
    });

    async function open(
      args: readonly string[],
      more: object = {},
    ): Promise<{ session: UpstreamSession; recorder: Recorder }> {
      const recorder = new Recorder();
      const transport = dockerTransport(dockerOptions.parse(optionsOf(args, more)), {
        platform: nodePlatform,
        id: `real-${process.pid}`,
        info: { name: "mcp-hangar", version: "1.2.3" },
      });
      return { session: await transport.open(recorder, never), recorder };
    }

    async function startError(args: readonly string[], more: object = {}): Promise<StartError> {
      const error = await open(args, more).catch((reason: unknown) => reason);
      if (error instanceof StartError) return error;
      throw new Error("The start did not fail.");
    }

    const containers = (): string[] =>
      run("ps", "--all", "--quiet", "--filter", `label=mcp.hangar.server=real-${process.pid}`)
        .split("\n")
        .filter(Boolean);

    test("a server is called, has its own variables only, and is gone when it is closed", async () => {
      const { session } = await open(["/legacy-server.mjs"], {
        env: { API_KEY: "two words\nand lines", HOME: "/app" },
      });
      expect(textOf(await call(session, "echo", { text: "grüße" }))).toBe("grüße");
      const environment = JSON.parse(textOf(await call(session, "environment")));
      expect(environment).toMatchObject({ API_KEY: "two words\nand lines", HOME: "/app" });
      expect(environment).not.toHaveProperty("USER");
      expect(containers()).toHaveLength(1);
      await session.close();
      expect(containers()).toEqual([]);
    });

    test("a container has no network, no capabilities and nothing to write to but memory", async () => {
      const look = `
      const { readFileSync, writeFileSync } = require("node:fs");
      const write = (path) => { try { writeFileSync(path, ""); return "written"; } catch ({ code }) { return code; } };
      const status = readFileSync("/proc/self/status", "utf8");
      const field = (name) => new RegExp(name + ":\\\\s*(\\\\S+)").exec(status)[1];
      console.error(JSON.stringify({
        networks: Object.keys(require("node:os").networkInterfaces()), root: write("/x"), tmp: write("/tmp/x"),
        data: write("/data/x"), capabilities: field("CapBnd"), noNewPrivileges: field("NoNewPrivs"),
      }));
      process.exit(3);`;
      const { message } = await startError(["-e", look], { volumes: [`${folder}:/data`] });
      expect(JSON.parse(message.split("\n").at(-1) ?? "")).toEqual({
        networks: ["lo"],
        root: "EROFS",
        tmp: "written",
        data: "EROFS",
        capabilities: "0000000000000000",
        noNewPrivileges: "1",
      });
    });

    test.each<[string, string[], object, string]>([
      ["an image that is missing", [], { image: "localhost/no-such-image:1" }, "image_missing"],
      ["a folder that is missing", [], { volumes: ["/no/such/folder:/data"] }, "volume_missing"],
      ["a network that is missing", [], { network: "no-such-network" }, "network_missing"],
      ["a user that is missing", [], { user: "nobody-of-that-name" }, "user_missing"],
      [
        "too little memory",
        ["-e", "const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))"],
        { memory: "48m" },
        "killed",
      ],
      ["too few processes", ["/legacy-server.mjs"], { pids_limit: 1 }, "limit_invalid"],
      ["a server that exits", ["-e", "process.exit(3)"], {}, "exited"],
    ])("%s is told", async (_name, args, more, code) => {
      expect(await startError(args, more)).toMatchObject({ code });
      expect(containers()).toEqual([]);
    });

    test("a server that heeds nothing is gone when it is closed", async () => {
      const { session } = await open(["/odd-server.mjs", "stubborn", "child"]);
      await session.close();
      expect(containers()).toEqual([]);
    });

    test("a server that heeds nothing is gone soon after the gateway was killed", async () => {
      const host = spawn(
        process.execPath,
        [
          "--conditions=@mcp-hangar/source",
          new URL("fixtures/host.mjs", import.meta.url).pathname,
          JSON.stringify(optionsOf(["/odd-server.mjs", "stubborn", "child"])),
          `real-${process.pid}`,
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      await new Promise<void>((resolve, reject) => {
        host.stdout.once("data", () => resolve());
        host.once("exit", () => reject(new Error("the gateway ended early")));
      });
      expect(containers()).toHaveLength(1);
      host.kill("SIGKILL");
      await poll("removal", () => containers().length === 0);
    });
  });
}
