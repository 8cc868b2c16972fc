// biome-ignore-all lint/suspicious/noTemplateCurlyInString: server files have ${…} of their own.
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { nodePlatform } from "../../platform/node-platform.ts";
import type { DiscoveredServer, DiscoverySource } from "../source.ts";
import { filesystemSource } from "./filesystem.ts";

const MATH = { mode: "subprocess", command: "math" };
const WORDS = { mode: "remote", endpoint: "https://words.example/mcp" };

class Folder {
  readonly path: string;
  readonly source: DiscoverySource;
  hints = 0;
  /** Milliseconds since the epoch; the time of the system unless set. */
  nowMs: number | undefined;

  private constructor(path: string, options: object) {
    this.path = path;
    const parsed = filesystemSource.optionsSchema.parse({ type: "filesystem", path, ...options });
    const clock = { ...nodePlatform.clock, wallMs: () => this.nowMs ?? Date.now() };
    this.source = filesystemSource.create(parsed, {
      platform: { ...nodePlatform, clock },
      parseDocument: (text, expand) => JSON.parse(expand ? text.replaceAll("${NAME}", "value") : text),
    });
    this.source.watch?.(() => this.hints++);
  }

  static async make(options: object = {}): Promise<Folder> {
    const path = await mkdtemp(join(tmpdir(), "hangar-discovery-"));
    const folder = new Folder(path, options);
    onTestFinished(async () => {
      await folder.source.close();
      await rm(path, { recursive: true, force: true });
    });
    return folder;
  }

  /** Writes a file as if it had been written a while ago. */
  async write(name: string, content: unknown): Promise<void> {
    await this.writeNow(name, content);
    const past = new Date(Date.now() - 60_000 + this.#writes++ * 10);
    await utimes(join(this.path, name), past, past);
  }

  #writes = 0;

  async writeNow(name: string, content: unknown): Promise<void> {
    const path = join(this.path, name);
    await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
    await chmod(path, 0o644);
  }

  discover(): Promise<readonly DiscoveredServer[]> {
    return this.source.discover(new AbortController().signal);
  }

  async names(): Promise<string[]> {
    return (await this.discover()).map(({ name, problem }) => (problem === undefined ? name : `${name} (${problem})`));
  }
}

describe("a folder of server files", () => {
  it("announces a server a file, named after the file, or those below mcp_servers", async () => {
    const folder = await Folder.make();
    await folder.write("math.json", MATH);
    await folder.write("team.yaml", { mcp_servers: { words: WORDS, sums: MATH } });
    expect(await folder.discover()).toEqual([
      { name: "math", options: MATH, location: join(folder.path, "math.json") },
      { name: "words", options: WORDS, location: join(folder.path, "team.yaml") },
      { name: "sums", options: MATH, location: join(folder.path, "team.yaml") },
    ]);
  });

  it("announces nothing else that lies there", async () => {
    const folder = await Folder.make();
    for (const name of [".hidden.json", "README.md", "math.json~", "math.json.swp", "yaml", ".yaml"]) {
      await folder.write(name, MATH);
    }
    await mkdir(join(folder.path, "folder.json"));
    execFileSync("mkfifo", [join(folder.path, "pipe.json")]);
    await symlink("/nowhere", join(folder.path, "dangling.json"));
    expect(await folder.names()).toEqual([]);
  });

  it("follows what happens to its files", async () => {
    const folder = await Folder.make();
    await folder.write("math.json", MATH);
    expect(await folder.names()).toEqual(["math"]);
    await folder.write("math.json", { ...MATH, args: ["--new"] });
    expect(await folder.discover()).toMatchObject([{ options: { args: ["--new"] } }]);
    await rename(join(folder.path, "math.json"), join(folder.path, "sums.json"));
    expect(await folder.names()).toEqual(["sums"]);
    await rm(join(folder.path, "sums.json"));
    expect(await folder.names()).toEqual([]);
  });

  it("takes files by link, as a mounted ConfigMap has them", async () => {
    const folder = await Folder.make();
    await mkdir(join(folder.path, "..data1"));
    await folder.write("..data1/math.json", MATH);
    await symlink("..data1", join(folder.path, "..data"));
    await symlink("..data/math.json", join(folder.path, "math.json"));
    expect(await folder.names()).toEqual(["math"]);
  });

  it("names a file that cannot be used, and says with it what the file had before", async () => {
    const folder = await Folder.make();
    await folder.write("team.json", { mcp_servers: { words: WORDS, sums: MATH } });
    await folder.names();
    await folder.write("team.json", '{"mcp_servers": {"words":');
    await folder.write("math.json", "");
    const found = await folder.discover();
    expect(found.map(({ name }) => name)).toEqual(["math", "words", "sums"]);
    for (const { problem } of found) expect(problem).toMatch(/^(math|team)\.json: /);
    await folder.write("team.json", { mcp_servers: { words: WORDS } });
    expect(await folder.names()).toEqual([expect.stringMatching(/^math \(/), "words"]);
  });

  it.each([
    ["a list", "[]", "expected a server"],
    ["text", '"math"', "expected a server"],
    ["keys beside mcp_servers", '{"mcp_servers": {}, "http": {}}', '"http" stands beside mcp_servers'],
    ["a list below mcp_servers", '{"mcp_servers": []}', "servers by id"],
    ["more than 64 KiB", `"${"x".repeat(1_048_576)}"`, "larger than 65536 bytes"],
  ])("does not use a file with %s", async (_what, content, problem) => {
    const folder = await Folder.make();
    await folder.write("math.json", content);
    expect(await folder.names()).toEqual([expect.stringContaining(problem)]);
  });

  it("does not use a file that is not UTF-8", async () => {
    const folder = await Folder.make();
    await writeFile(join(folder.path, "math.json"), Buffer.from([0x7b, 0xff, 0x7d]));
    await utimes(join(folder.path, "math.json"), 1, 1);
    expect(await folder.names()).toEqual([expect.stringMatching(/^math \(math\.json: /)]);
  });

  it("waits for a file that was just written, and hints that it will have to be asked again", async () => {
    const folder = await Folder.make();
    await folder.write("math.json", MATH);
    await folder.discover();
    await folder.writeNow("math.json", '{"mode": "subprocess"');
    folder.nowMs = Date.now();
    await utimes(join(folder.path, "math.json"), new Date(folder.nowMs - 50), new Date(folder.nowMs - 50));
    folder.hints = 0;
    expect(await folder.discover()).toMatchObject([{ options: MATH, location: join(folder.path, "math.json") }]);
    expect(await folder.names()).toEqual(["math"]);
    expect(folder.hints).toBeGreaterThan(0);
    folder.nowMs += 100;
    expect(await folder.names()).toEqual([expect.stringMatching(/^math \(/)]);
  });

  it("replaces variables only where it is told to", async () => {
    const options = { ...MATH, args: ["${NAME}"] };
    const expanding = await Folder.make();
    await expanding.write("math.json", options);
    expect(await expanding.discover()).toMatchObject([{ options: { args: ["value"] } }]);
    const literal = await Folder.make({ expand_variables: false });
    await literal.write("math.json", options);
    expect(await literal.discover()).toMatchObject([{ options: { args: ["${NAME}"] } }]);
  });
});

describe("a folder that cannot be used", () => {
  it("is an error with what to do, and is used again when it can be", async () => {
    const folder = await Folder.make();
    await folder.write("math.json", MATH);
    await rename(folder.path, `${folder.path}-away`);
    await expect(folder.discover()).rejects.toThrow(/does not exist: make it, or correct path/);
    await rename(`${folder.path}-away`, folder.path);
    expect(await folder.names()).toEqual(["math"]);
  });

  it("is one that everybody may write, when a file may run a command", async () => {
    const folder = await Folder.make();
    await folder.write("math.json", MATH);
    await chmod(folder.path, 0o777);
    await expect(folder.discover()).rejects.toThrow("everybody may write into the folder");
    await chmod(folder.path, 0o755);
    await chmod(join(folder.path, "math.json"), 0o666);
    await folder.write("words.json", WORDS);
    expect(await folder.names()).toEqual([expect.stringContaining("everybody may write it"), "words"]);
  });

  it("is not one that everybody may write, when a file can only name remote servers", async () => {
    const folder = await Folder.make({ server_modes: ["remote"] });
    await folder.write("words.json", WORDS);
    await chmod(folder.path, 0o777);
    expect(await folder.names()).toEqual(["words"]);
  });

  it("is a file", async () => {
    const folder = await Folder.make();
    await rm(folder.path, { recursive: true });
    await writeFile(folder.path, "");
    await expect(folder.discover()).rejects.toThrow("is no folder");
  });
});

describe("the watch over a folder", () => {
  it("hints at new files, also after the folder was removed and made again", async () => {
    const folder = await Folder.make();
    await folder.discover();
    const hintsAfter = async (change: () => Promise<void>): Promise<void> => {
      await folder.discover();
      folder.hints = 0;
      await change();
      await expect.poll(() => folder.hints).toBeGreaterThan(0);
    };
    await hintsAfter(() => folder.writeNow("math.json", MATH));
    await rm(folder.path, { recursive: true });
    await expect(folder.discover()).rejects.toThrow();
    await mkdir(folder.path);
    await hintsAfter(() => folder.writeNow("words.json", WORDS));
  });
});
