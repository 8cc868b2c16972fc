import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterEach, beforeEach } from "vitest";
import type { TracingHandle } from "../src/index.ts";

/** The context of a caller. */
export const PARENT = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, tracestate: "vendor=value" };

/** What a test of the library part has: a collector of its own, and tracing that ends with the test if it is told of it. */
interface LibraryUnderTest {
  readonly receiver: OtlpReceiver;
  handle: TracingHandle | undefined;
}

/** Sets it up before each test of a file, and ends it after. */
export function libraryUnderTest(): LibraryUnderTest {
  let receiver: OtlpReceiver | undefined;
  const library: LibraryUnderTest = {
    get receiver() {
      if (receiver === undefined) throw new Error("a collector is there during tests only");
      return receiver;
    },
    handle: undefined,
  };
  beforeEach(async () => {
    receiver = await OtlpReceiver.start();
  });
  afterEach(async () => {
    await library.handle?.shutdown();
    library.handle = undefined;
    await receiver?.close();
  });
  return library;
}
