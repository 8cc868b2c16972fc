import { styleText } from "node:util";
import type { LogLevel } from "../config/schema.ts";
import type { LineFormat } from "./line.ts";
import { redactFields } from "./redact.ts";

type Style = Parameters<typeof styleText>[0];

const LEVEL_STYLES: Readonly<Record<LogLevel, Style>> = {
  debug: "gray",
  info: "green",
  warning: "yellow",
  error: "red",
  critical: ["bold", "red"],
};

/** Lines for people at a terminal: local time, level, event, then `name=value` pairs. */
export function humanFormat(colours: boolean): LineFormat {
  const paint = (style: Style, text: string): string =>
    colours ? styleText(style, text, { validateStream: false }) : text;
  return ({ timeMs, level, event, fields, trace }) => {
    const pairs = Object.entries(redactFields(fields)).map(
      ([name, value]) => `${paint("cyan", name)}=${printable(value)}`,
    );
    if (trace !== undefined) pairs.push(`${paint("cyan", "trace_id")}=${trace.traceId}`);
    const head = [paint("gray", localTime(timeMs)), paint(LEVEL_STYLES[level], level.padEnd(8)), paint("bold", event)];
    return `${[...head, ...pairs].join(" ")}\n`;
  };
}

function localTime(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

/** Control and direction characters are escaped: what an upstream wrote must not move a cursor or forge a line. */
function printable(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  if (typeof value !== "string" || /^[\w./:@,+%-]+$/.test(text)) return escapeControls(text);
  return escapeControls(JSON.stringify(text));
}

function escapeControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
