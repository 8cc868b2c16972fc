import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { ResponseHeaders } from "./http-exchange.ts";

/** What is asked for, in a header of every request. */
export const ACCEPTED_CODINGS = "gzip, deflate, br";

type Coding = "gzip" | "deflate" | "br";

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
]);

/** How a body is compressed; `undefined` when it is not, and `unknown` when nobody here can tell. */
export function codingOf(headers: ResponseHeaders): Coding | { readonly unknown: string } | undefined {
  const value = headers["content-encoding"];
  if (value === undefined || value === "") return undefined;
  const name = String(value).trim().toLowerCase();
  if (name === "identity") return undefined;
  return CODINGS.get(name) ?? { unknown: name.slice(0, 100) };
}

/** Hears of a body that was compressed. */
export interface DecodedBody {
  onChunk(chunk: Buffer): void;
  onEnd(): void;
  /** The bytes are not what the header promised. */
  onError(): void;
}

/** Undoes a compression, a chunk at a time; nothing is told after `destroy()`. */
export function createDecoder(coding: Coding, body: DecodedBody): Transform {
  const stream = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress }[coding]();
  return stream
    .on("data", (chunk: Buffer) => body.onChunk(chunk))
    .on("end", () => body.onEnd())
    .on("error", () => body.onError());
}
