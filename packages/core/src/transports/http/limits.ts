/** Bounds of the HTTP transport. Each has a default that suits servers of any honest size. */
export interface HttpLimits {
  /** Bytes of one response body, and of one event of an endless stream. */
  readonly responseBytesMax: number;
  /** Bytes of the response headers. */
  readonly headerBytesMax: number;
  /** Sockets open at a time; further requests wait in line. */
  readonly connectionsMax: number;
  /** Milliseconds until a connection, TLS included, must stand. */
  readonly connectTimeoutMs: number;
  /** Milliseconds `server/discover` may take before the server is taken for a legacy one that swallows unknown requests. */
  readonly probeTimeoutMs: number;
  /** Messages that nobody waits for, notifications and answers to the server, that are under way at a time: half of the sockets. */
  readonly postsAtOnceMax: number;
  /** Such messages that wait or are under way; more are dropped. */
  readonly postsMax: number;
  /** Characters of these messages; more are dropped. */
  readonly postsLengthMax: number;
  /** Milliseconds the server may take over one of them. */
  readonly postTimeoutMs: number;
  /** Milliseconds `close()` waits for the server to confirm the end of a session. */
  readonly farewellTimeoutMs: number;
}

const MEBIBYTE = 1024 * 1024;

/** What holds unless the caller says otherwise. */
export const HTTP_LIMITS: HttpLimits = {
  responseBytesMax: 64 * MEBIBYTE,
  headerBytesMax: 32 * 1024,
  connectionsMax: 128,
  connectTimeoutMs: 10_000,
  probeTimeoutMs: 10_000,
  postsAtOnceMax: 64,
  postsMax: 1_000,
  postsLengthMax: 16 * MEBIBYTE,
  postTimeoutMs: 10_000,
  farewellTimeoutMs: 1_000,
};
