export { canonicalJson as canonical } from "@mcp-hangar/delivery";
export { AuditJournal } from "./audit-journal.ts";
export { isSigned, keyIdOf, publicKeysOf } from "./checkpoint-key.ts";
export {
  type CapturedPayload,
  decryptedPayload,
  type EncryptedPayloadOptions,
  type EncryptPayload,
  encryptedPayload,
  type PayloadKey,
} from "./encrypted-payload.ts";
export { type AuditFilter, matches } from "./filter.ts";
export type { JournalFinding, JournalProblem, JournalSummary, KnownCheckpoint } from "./findings.ts";
export type { JournalLag } from "./lag.ts";
export { type ChainHead, entryOfLine, GENESIS, hashOf, type JournalLine, parseLine } from "./line.ts";
export type { AuditJournalOptions, FailMode } from "./options.ts";
export { PayloadCapture, type PayloadCaptureOptions } from "./payload-capture.ts";
export {
  type JournalRange,
  type ReadLine,
  readJournal,
  searchJournal,
  type TailOptions,
  tailJournal,
} from "./reading.ts";
export { replayJournal } from "./replay.ts";
export { readTrail, type TrailPage, type TrailQuery } from "./trail.ts";
export { type VerifyOptions, verifyJournal } from "./verify.ts";
