import type { ResponseHeaders } from "./http-exchange.ts";

/** The longest pause that is believed: a server may be back long before, and nobody would ask. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/**
 * When a server wants to be asked again, from `Retry-After` (RFC 9110, 10.2.3). A date is compared with the server's own
 * `Date`, so that clocks that differ do not matter. Empty when the server does not say, or says something else.
 */
export function retryAfter(headers: ResponseHeaders): { readonly retryAfterMs?: number } {
  const value = headers["retry-after"];
  if (typeof value !== "string") return {};
  const text = value.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.parse(String(headers.date));
  return Number.isFinite(ms) ? { retryAfterMs: Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX) } : {};
}
