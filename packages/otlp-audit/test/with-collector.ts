import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { afterEach, beforeEach } from "vitest";

/** What a test of the exporter has around it, each its own. */
interface Surroundings {
  /** Where the exporter sends to; another may take its place. */
  receiver: OtlpReceiver;
  readonly folder: string;
  /** The targets of the records that have arrived. */
  readonly names: () => readonly unknown[];
}

/** Sets them up before each test of a file, and ends them after. */
export function withCollector(): Surroundings {
  let receiver: OtlpReceiver | undefined;
  let folder = "";
  const around: Surroundings = {
    get receiver() {
      if (receiver === undefined) throw new Error("a collector is there during tests only");
      return receiver;
    },
    set receiver(other) {
      receiver = other;
    },
    get folder() {
      return folder;
    },
    names: () => around.receiver.logRecords.map(({ attributes }) => attributes["mcp.audit.target.name"]),
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "hangar-otlp-audit-"));
    receiver = await OtlpReceiver.start();
  });
  afterEach(async () => {
    await receiver?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return around;
}
