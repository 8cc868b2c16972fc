import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";

/** The written part of each runbook, by topic. */
export const runbookTopics: readonly ((context: Context) => readonly Runbook[])[] = [];
