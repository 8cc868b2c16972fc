import type { BreakerStateName, RegisteredName } from "@mcp-hangar/telemetry";
import type { OutReason } from "./group-member.ts";
import type { StrategyName } from "./strategies/index.ts";

/** What a member of a group looks like at this moment. */
export interface GroupMemberSnapshot {
  readonly id: string;
  readonly weight: number;
  readonly priority: number;
  readonly inRotation: boolean;
  /** `undefined` when it is in rotation. */
  readonly outBecause: OutReason | undefined;
  /** Calls that wait for the server or run at it, those that came past the group too. */
  readonly inFlight: number;
  /** Failures of calls and health checks since the last success, as the group has seen them. */
  readonly consecutiveFailures: number;
  /** Successes since the last failure. */
  readonly consecutiveSuccesses: number;
}

/** What a group looks like at this moment. */
export interface GroupSnapshot {
  readonly id: RegisteredName;
  readonly strategy: StrategyName;
  readonly minHealthy: number;
  /** Number of members in rotation. */
  readonly inRotation: number;
  readonly breaker: BreakerStateName;
  /** Calls through the group that have not ended. */
  readonly inFlight: number;
  /** In the order of the configuration. */
  readonly members: readonly GroupMemberSnapshot[];
}
