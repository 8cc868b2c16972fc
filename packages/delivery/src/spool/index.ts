export * from "../forward/spool-forwarder.ts";
export * from "../forward/spooled-queue.ts";
export * from "./append-result.ts";
export type { CommitResult, Cursor, ReadLimits, ReadResult } from "./cursor.ts";
export type { OpenSegment, SpoolFiles } from "./files.ts";
export { type FileLock, takeLock } from "./lock.ts";
export type { SpoolItem } from "./segment-reader.ts";
export * from "./spool.ts";
