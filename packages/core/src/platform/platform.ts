import type { ChildProcess, SpawnOptions } from "node:child_process";

/** Cancels a timer; harmless when the timer has fired or was cancelled before. */
export type CancelTimer = () => void;

/** Time as an argument: the runtime reads no clock of its own, so tests can move time by hand. */
export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean something. */
  nowMs(): number;
  /** Milliseconds since the epoch. */
  wallMs(): number;
  /** Runs `callback` once after `delayMs`. Timers never keep the process alive. */
  schedule(delayMs: number, callback: () => void): CancelTimer;
  /** Runs `callback` once the input that has arrived by now is handled: work of many callers is done in one go. */
  defer(callback: () => void): void;
}

/** What the runtime needs from the machine it runs on. `nodePlatform` is the real one, `testing/` has a fake. */
export interface Platform {
  readonly clock: Clock;
  /** Uniform in [0, 1); for jitter and load balancing, not for secrets. */
  random(): number;
  /** A version 4 UUID. */
  uuid(): string;
  spawn(command: string, args: readonly string[], options: SpawnOptions): ChildProcess;
  /** Sends a signal to a process (`pid` > 0) or a process group (`pid` < 0); false when it no longer exists. */
  kill(pid: number, signal: NodeJS.Signals): boolean;
  /** The environment that child processes may inherit from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly os: NodeJS.Platform;
  /** The user as whom the process runs; `undefined` where users have no numbers. */
  readonly uid?: number | undefined;
}
