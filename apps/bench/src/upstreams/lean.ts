import { fileURLToPath } from "node:url";
import type { BenchOptions } from "../options.ts";
import { type Launched, launch } from "../processes/launch.ts";

/** How the lean upstream speaks. */
export interface LeanWish extends Pick<BenchOptions, "upstreamEras" | "session" | "sse"> {
  /** Never answers a call; everything else at once. */
  readonly muteCalls?: boolean;
}

/** Runs the lean HTTP upstream for as long as the use of it takes. */
export async function withLean<T>(wish: LeanWish, use: (lean: Launched) => Promise<T>, extraTools = 0): Promise<T> {
  const lean = await launch({
    name: "lean",
    args: [
      fileURLToPath(new URL("lean-http.ts", import.meta.url)),
      `--eras=${wish.upstreamEras.join(",")}`,
      `--extra-tools=${extraTools}`,
      ...(wish.session ? ["--session"] : []),
      ...(wish.sse ? ["--sse"] : []),
      ...(wish.muteCalls === true ? ["--mute-calls"] : []),
    ],
  });
  try {
    return await use(lean);
  } finally {
    await lean.stop();
  }
}

/** Arguments of `node` that start the lean stdio upstream. */
export const leanStdioArgs: readonly string[] = [fileURLToPath(new URL("lean-stdio.ts", import.meta.url))];
