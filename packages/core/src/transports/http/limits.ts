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
  farewellTimeoutMs: 1_000,
};
