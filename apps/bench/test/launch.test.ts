import { freePort } from "@mcp-hangar/testing";
import { afterEach, expect, test } from "vitest";
import { cleanUp, launch } from "../src/processes/launch.ts";
import { processTree } from "../src/processes/usage.ts";

afterEach(cleanUp);

/** A program that starts two children, one of them through a third, and then listens without a word. */
const FAMILY = `
const { spawn } = require("node:child_process");
const wait = "process.stdin.resume().on('end', () => process.exit())";
const child = (program, ...marks) => spawn(process.execPath, ["-e", program, ...marks], { stdio: ["pipe", "ignore", "ignore"] });
child(wait, "left-out");
const between = "require('node:child_process').spawn(process.execPath, ['-e', " + JSON.stringify(wait) + ", 'grandchild'], { stdio: ['pipe', 'ignore', 'ignore'] });" + wait;
child(between, "child");
require("node:http").createServer().listen(Number(process.argv[1]), "127.0.0.1");
`;

test("a program that says nothing has started when it takes connections, and its tree is without what is left out", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = await launch({ name: "family", args: ["-e", FAMILY, String(port)], url });
  try {
    expect(started.url).toBe(url);
    await expect.poll(() => processTree(started.pid, () => false).length).toBe(4);
    expect(processTree(started.pid, (line) => line.includes("left-out"))).toHaveLength(3);
    // Its own command line names them all, as that of a gateway names its upstream.
    expect(processTree(started.pid, (line) => line.includes("-e"))).toEqual([started.pid]);
  } finally {
    await started.stop();
  }
});

test("a program that ends instead of listening is told of with what it wrote", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const args = ["-e", "console.error('no such file'); process.exit(3)"];
  await expect(launch({ name: "short-lived", args, url })).rejects.toThrow(
    /short-lived ended \(3\) before it listened.*no such file/s,
  );
});
