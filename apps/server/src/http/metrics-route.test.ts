import { describe, expect, test } from "vitest";
import { acceptsGzip } from "./metrics-route.ts";

describe("gzip", () => {
  test.each([
    "gzip",
    "x-gzip",
    "deflate, gzip, br",
    "gzip;q=0.1",
    "GZIP",
    "*",
    "br;q=1.0, *;q=0.5",
    " identity , gzip ; q=1 ",
  ])("is taken by a client that sends %j", (header) => {
    expect(acceptsGzip(header)).toBe(true);
  });

  test.each([undefined, "", "identity", "br", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "gzipped", "gzip;q=nonsense"])(
    "is not sent to one that sends %j",
    (header) => {
      expect(acceptsGzip(header)).toBe(false);
    },
  );
});
