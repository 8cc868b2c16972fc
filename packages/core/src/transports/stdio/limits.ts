const MEBIBYTE = 1024 * 1024;

/** How long a server is given to end in each way before the next, harder one. */
export interface StopGrace {
  /** Milliseconds after its stdin was closed. */
  readonly eofMs: number;
  /** Milliseconds after SIGTERM; then comes SIGKILL. */
  readonly termMs: number;
}

/** Bounds of the stdio transport. Each has a default that suits servers of any honest size. */
export interface StdioLimits {
  /** Bytes of one line on stdout, which is one message. A longer one is skipped, and fails the request that it answers. */
  readonly lineBytesMax: number;
  /** Bytes of a line that is skipped. A longer one is none: the server breaks the protocol, and the session ends. */
  readonly skippedBytesMax: number;
  /** UTF-16 units that may wait until the server reads its stdin; more requests are refused as overloaded. */
  readonly queueLengthMax: number;
  /** Lines of stderr that are kept for diagnoses. */
  readonly stderrLinesMax: number;
  /** Bytes of one line of stderr; the rest of a longer one is dropped. */
  readonly stderrLineBytesMax: number;
  /** Requests of the server that may wait for an answer; more are refused. */
  readonly serverRequestsMax: number;
  /** Milliseconds `server/discover` may take before the server is taken for a legacy one that swallows unknown requests. */
  readonly probeTimeoutMs: number;
  /** Of a session that is closed in peace. */
  readonly stop: StopGrace;
  /** Of a server that never became a session, or broke the protocol: nobody is served by waiting. */
  readonly abandon: StopGrace;
  /** Of an installer that is fetching: what it leaves half done keeps the server from starting for good. */
  readonly abandonFetch: StopGrace;
  /** Milliseconds the pipes may take to drain once the process has ended. */
  readonly drainMs: number;
}

/** What holds unless the caller says otherwise. */
export const STDIO_LIMITS: StdioLimits = {
  lineBytesMax: 64 * MEBIBYTE,
  skippedBytesMax: 4_096 * MEBIBYTE,
  queueLengthMax: 16 * MEBIBYTE,
  stderrLinesMax: 50,
  stderrLineBytesMax: 4 * 1024,
  serverRequestsMax: 100,
  probeTimeoutMs: 5_000,
  stop: { eofMs: 2_000, termMs: 3_000 },
  abandon: { eofMs: 0, termMs: 1_000 },
  abandonFetch: { eofMs: 0, termMs: 15_000 },
  drainMs: 500,
};
