import { BREAKER_STATES, type BreakerStateName, SERVER_STATES, type ServerStateName } from "@mcp-hangar/telemetry";
import type { Tone, ValueMeaning } from "./model.ts";

const STATE_TONES: Readonly<Record<ServerStateName, Tone>> = {
  // Cold is normal: servers start when they are needed.
  cold: "neutral",
  initializing: "neutral",
  ready: "good",
  degraded: "attention",
  dead: "bad",
};

const BREAKER_TONES: Readonly<Record<BreakerStateName, Tone>> = { closed: "good", half_open: "attention", open: "bad" };

/** The numbers of `mcp_hangar_mcp_server_state`. */
export const serverStates: readonly ValueMeaning[] = SERVER_STATES.map((text, value) => ({
  value,
  text,
  tone: STATE_TONES[text],
}));

/** The numbers of `mcp_hangar_circuit_breaker_state`. */
export const breakerStates: readonly ValueMeaning[] = BREAKER_STATES.map((text, value) => ({
  value,
  text: text.replace("_", "-"),
  tone: BREAKER_TONES[text],
}));

/** A flag of which 1 is as it should be. */
export function flag(good: string, bad: string): readonly ValueMeaning[] {
  return [
    { value: 0, text: bad, tone: "bad" },
    { value: 1, text: good, tone: "good" },
  ];
}

/** A number of which 0 is good news. */
export const zeroIsOk: readonly ValueMeaning[] = [{ value: 0, text: "0 · OK", tone: "good" }];
