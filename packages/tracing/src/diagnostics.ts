import { redactText } from "@mcp-hangar/telemetry";
import { type DiagLogger, DiagLogLevel, diag } from "@opentelemetry/api";
import { registered } from "./global-api.ts";

/** Told what the OpenTelemetry SDK has to say of itself: one line, without secrets. */
export type OnDiagnostic = (level: "debug" | "info" | "warning" | "error", message: string) => void;

/** Characters of a message of the SDK that are kept. */
const MESSAGE_CHARS_MAX = 1_000;

/**
 * Takes the SDK's own messages, which it would write to stdout: over stdio that is where MCP is spoken. Whoever has set a logger of their
 * own keeps it. Returns whether the messages come here.
 */
export function takeDiagnostics(onDiagnostic: OnDiagnostic): boolean {
  if (registered().diag !== undefined) return false;
  const to =
    (level: Parameters<OnDiagnostic>[0]): DiagLogger["error"] =>
    (message, ...details) =>
      onDiagnostic(level, redactText([message, ...details.map(String)].join(" "), MESSAGE_CHARS_MAX));
  return diag.setLogger(
    { error: to("error"), warn: to("warning"), info: to("info"), debug: to("debug"), verbose: to("debug") },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
