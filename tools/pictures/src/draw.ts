import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { build, preview } from "vite";
import { commonJsDefaults } from "./common-js-defaults.ts";
import type { Picture } from "./dashboard.ts";

/** Draws pictures with one built page and one browser. */
export interface Painter extends AsyncDisposable {
  /** A PNG. Throws when the page reports an error. */
  paint(picture: Picture): Promise<Buffer>;
}

const PAGE = join(import.meta.dirname, "page");

/** Builds the page with vite and starts Debian's Chromium, or the one that the variable CHROMIUM names. */
export async function startPainter(): Promise<Painter> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "pictures-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  await build({
    root: PAGE,
    logLevel: "error",
    plugins: [commonJsDefaults()],
    define: { "process.env.NODE_ENV": '"production"' },
    build: { outDir: folder, target: "esnext", chunkSizeWarningLimit: 50_000, minify: false },
  });
  const server = await preview({ root: PAGE, build: { outDir: folder }, preview: { host: "127.0.0.1", port: 0 } });
  cleanup.defer(() => server.close());
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
  cleanup.defer(() => browser.close());
  const url = server.resolvedUrls?.local[0];
  if (url === undefined) throw new Error("vite's server has no address");
  const owned = cleanup.move();
  return {
    async paint(picture) {
      const page = await browser.newPage({ viewport: { width: 1_600, height: 900 } });
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.stack ?? error.message));
      await page.addInitScript((given) => Object.assign(globalThis, { picture: given }), picture);
      await page.goto(url);
      await page.waitForSelector("#root > div", { timeout: 15_000 }).catch((cause: unknown) => {
        throw new Error(`the page stays empty: ${errors.join("\n")}`, { cause });
      });
      // Charts draw in animation frames; nothing on the page says when the last one has.
      await page.waitForTimeout(1_500);
      if (errors.length > 0) throw new Error(`the page of ${picture.dashboard.title} fails:\n${errors.join("\n")}`);
      const shot = await page.screenshot({ fullPage: true });
      await page.close();
      return await sharp(shot).png({ palette: true, effort: 10 }).toBuffer();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
