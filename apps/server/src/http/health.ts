import type { Clock } from "@mcp-hangar/core";
import { redactText } from "@mcp-hangar/telemetry";
import { type Answer, jsonAnswer } from "./answer.ts";

export const HEALTH_STATUSES = ["healthy", "degraded", "unhealthy"] as const;
export type HealthStatus = (typeof HEALTH_STATUSES)[number];

/** Characters of the message of one check. */
const MESSAGE_CHARS_MAX = 1_000;

/** What a check found; the message says what is wrong and may be absent when nothing is. */
export interface CheckResult {
  readonly status: HealthStatus;
  readonly message?: string | undefined;
}

/** One thing that readiness depends on. `run` must be quick: it is called for every probe. */
export interface HealthCheck {
  readonly name: string;
  readonly run: () => CheckResult;
}

/** The answer to a probe. */
export interface HealthReport {
  readonly status: HealthStatus;
  readonly checks: readonly (CheckResult & { readonly name: string; readonly duration_ms: number })[];
  readonly version: string;
  readonly uptime_seconds: number;
}

/** The life of the process as probes see it. */
export type Phase = "starting" | "serving" | "stopping";

const HEALTHY: CheckResult = { status: "healthy" };

/** Answers the probes `/health/live`, `/health/ready` and `/health/startup`. */
export class Health {
  phase: Phase = "starting";
  readonly #clock: Clock;
  readonly #version: string;
  readonly #checks: readonly HealthCheck[];
  readonly #startedMs: number;

  /** `checks` decide readiness, together with the phase. */
  constructor(clock: Clock, version: string, checks: readonly HealthCheck[]) {
    this.#clock = clock;
    this.#version = version;
    this.#checks = checks;
    this.#startedMs = clock.nowMs();
  }

  uptimeSeconds(): number {
    return Math.round(this.#clock.nowMs() - this.#startedMs) / 1e3;
  }

  /** Whether the process is worth keeping: it answers, so it is. */
  live(): Answer {
    return answerOf(this.#report([{ name: "process", run: () => HEALTHY }]));
  }

  /** Whether the configuration is loaded and every listener is up. */
  startup(): Answer {
    return answerOf(this.#report([{ name: "listeners", run: () => this.#started() }]));
  }

  /** Whether traffic should come here. Servers that have not been started yet do not matter: they start when called. */
  ready(): Answer {
    return answerOf(this.readiness());
  }

  /** What {@link ready} answers. */
  readiness(): HealthReport {
    const accepting: HealthCheck = { name: "accepting", run: () => this.#accepting() };
    return this.#report([{ name: "listeners", run: () => this.#started() }, accepting, ...this.#checks]);
  }

  #started(): CheckResult {
    return this.phase === "starting" ? { status: "unhealthy", message: "the listeners are not up yet" } : HEALTHY;
  }

  #accepting(): CheckResult {
    return this.phase === "stopping" ? { status: "unhealthy", message: "the gateway is shutting down" } : HEALTHY;
  }

  #report(checks: readonly HealthCheck[]): HealthReport {
    const results = checks.map((check) => this.#run(check));
    const worst = Math.max(0, ...results.map(({ status }) => HEALTH_STATUSES.indexOf(status)));
    const status = HEALTH_STATUSES[worst] ?? "unhealthy";
    return { status, checks: results, version: this.#version, uptime_seconds: this.uptimeSeconds() };
  }

  #run({ name, run }: HealthCheck): HealthReport["checks"][number] {
    const begunMs = this.#clock.nowMs();
    const result = runSafely(run);
    // Messages quote errors of the system and of servers, and probes are for everybody.
    const message = result.message === undefined ? {} : { message: redactText(result.message, MESSAGE_CHARS_MAX) };
    return { name, ...result, ...message, duration_ms: Math.round((this.#clock.nowMs() - begunMs) * 1e3) / 1e3 };
  }
}

function answerOf(report: HealthReport): Answer {
  return jsonAnswer(report.status === "unhealthy" ? 503 : 200, report);
}

/** A check that breaks is a reason not to be ready, and must not break the probe. */
function runSafely(run: () => CheckResult): CheckResult {
  try {
    return run();
  } catch (error) {
    return { status: "unhealthy", message: `the check failed: ${String(error)}` };
  }
}
