import { catalog, LOAD_SHED_REASONS } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { AlertRule } from "../model.ts";
import { runtime } from "../promql/external.ts";
import { allAt, clockOff, counter, gauge, type StorySeries, steady } from "./series.ts";
import { alertNamed, around, type Coverage, type Story, stepOf, tell } from "./story.ts";

const A = "a:8000";
const B = "b:8000";
const MUCH = 1_000_000;

/** One gateway of two comes to the end of something; the other has as much of it and more room. */
export function limits(context: Context, alerts: readonly AlertRule[]): readonly Coverage[] {
  const settings = context.options.alerts;
  const level = (series: readonly StorySeries[]): Story => ({
    course: { kind: "level" },
    series,
    firing: { instance: A },
  });
  const saturated = (used: Used, most: Used, share: number): Story =>
    level([
      ...gauge(used, {}, { healthy: MUCH / 10, below: share * MUCH, above: share * MUCH + 1 }),
      ...steady(used, {}, MUCH, B),
      ...steady(most, {}, MUCH),
      ...steady(most, {}, 10 * MUCH, B),
      // A third one does not know its limit.
      ...steady(used, {}, MUCH, "c:8000"),
      ...steady(most, {}, 0, "c:8000"),
    ]);
  const late = settings.EventLoopLagging.level;
  const off = settings.ClockSkewed.level;
  const skewed = (about: string, sign: 1 | -1): Story => ({
    ...level(clockOff(runtime.clock, {}, { below: sign * off, above: sign * (off + 1) })),
    about,
  });
  const stories: Readonly<Record<string, readonly Story[]>> = {
    MemoryNearLimit: [saturated(runtime.processResidentMemory, runtime.memoryLimit, settings.MemoryNearLimit.share)],
    HeapNearLimit: [saturated(runtime.heapUsed, runtime.heapLimit, settings.HeapNearLimit.share)],
    FileDescriptorsNearLimit: [
      saturated(runtime.processOpenFds, runtime.processMaxFds, settings.FileDescriptorsNearLimit.share),
    ],
    SessionsNearLimit: [manySessions(settings.SessionsNearLimit.share)],
    EventLoopLagging: [
      level([
        ...gauge(runtime.eventLoopLagP99, {}, { healthy: late / 10, below: late, above: late * 1.01 }),
        ...steady(runtime.eventLoopLagP99, {}, late / 10, B),
      ]),
    ],
    GatewayShedsLoad: LOAD_SHED_REASONS.map((reason) => shedding(context, reason)),
    ClockSkewed: [skewed("its clock is behind", -1), skewed("its clock is ahead", 1)],
  };
  return Object.entries(stories).map(([key, told]) => tell(context, alertNamed(alerts, key), told));
}

/** One pool is taken; another is full of idle sessions, a third is larger, and a fourth may have none. */
function manySessions(share: number): Story {
  const { serverSessions, serverSessionsMax } = catalog;
  const [one, idle] = [{ mcp_server: "browser" }, { mcp_server: "notes" }];
  return {
    course: { kind: "level" },
    series: [
      ...gauge(
        serverSessions,
        { ...one, use: "in_use" },
        { idle: 0, healthy: MUCH / 10, below: share * MUCH, above: share * MUCH + 1 },
      ),
      ...steady(serverSessions, { ...one, use: "idle" }, 1),
      ...steady(serverSessionsMax, one, MUCH),
      ...steady(serverSessions, { ...idle, use: "in_use" }, 0),
      ...steady(serverSessions, { ...idle, use: "idle" }, MUCH),
      ...steady(serverSessionsMax, idle, MUCH),
      ...steady(serverSessions, { ...one, use: "in_use" }, MUCH, B),
      ...steady(serverSessionsMax, one, 10 * MUCH, B),
      ...steady(serverSessions, { ...one, use: "in_use" }, MUCH, "c:8000"),
      ...steady(serverSessionsMax, one, 0, "c:8000"),
    ],
    firing: { instance: A, ...one },
  };
}

type Used = (typeof runtime)[
  | "processResidentMemory"
  | "memoryLimit"
  | "heapUsed"
  | "heapLimit"
  | "processOpenFds"
  | "processMaxFds"];

function shedding(context: Context, reason: (typeof LOAD_SHED_REASONS)[number]): Story {
  const { perSecond, window } = context.options.alerts.GatewayShedsLoad;
  const { below, above } = around(perSecond * stepOf(context), window, context);
  return {
    about: reason,
    course: { kind: "average", window },
    series: allAt(A, counter(catalog.loadShed, { reason }, { below: below, above: above })),
    firing: { instance: A, reason },
  };
}
