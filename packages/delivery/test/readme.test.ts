import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lineQueue, spooledLines } from "./readme-example.ts";

const bodies: string[] = [];
const statuses: number[] = [];
const server = createServer((request, response) => {
  void text(request).then((body) => {
    const status = statuses.shift() ?? 200;
    if (status === 200) bodies.push(body);
    response.writeHead(status).end();
  });
});
let url: string;
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server does not listen on a port.");
  url = `http://127.0.0.1:${address.port}/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("the README shows the example that is type-checked and run here", async () => {
  const [readme, example] = await Promise.all(
    ["../README.md", "./readme-example.ts"].map((path) => readFile(new URL(path, import.meta.url), "utf8")),
  );
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
});

test("the queue of the example posts batches, tries again, and closes with nothing left", async () => {
  bodies.length = 0;
  statuses.push(503, 400);
  const queue = lineQueue(url);
  queue.offer("refused");
  expect(await queue.flush(60_000)).toBe(false);
  expect(queue.problem).toBe("HTTP 503");
  expect(await queue.flush(60_000)).toBe(true);
  for (const line of ["a", "b", "c"]) queue.offer(line);
  await queue.close(60_000);
  expect(bodies).toEqual(["a\nb\nc"]);
  expect(queue.snapshot()).toMatchObject({ delivered: 3, dropped: { rejected: 1, shutdown: 0 }, queueSize: 0 });
});

test("the queue on the disk posts what an earlier process has left", async () => {
  bodies.length = 0;
  const folder = mkdtempSync(join(tmpdir(), "hangar-readme-"));
  try {
    statuses.push(...Array.from({ length: 100 }, () => 503));
    const earlier = await spooledLines(url, folder);
    for (const line of ["a", "b"]) earlier.offer(line);
    expect(await earlier.flush(60_000)).toBe(false);
    await earlier.close(0);
    statuses.length = 0;
    expect(bodies).toEqual([]);
    const queue = await spooledLines(url, folder);
    queue.offer("c");
    await queue.close(60_000);
    expect(bodies.join("\n")).toBe("a\nb\nc");
    expect(queue.snapshot()).toMatchObject({ delivered: 3, queueSize: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
