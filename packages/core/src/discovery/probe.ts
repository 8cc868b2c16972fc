import { knownSecrets, redactText, secretsIn } from "@mcp-hangar/telemetry";
import { OfferFilter } from "../catalog/offer-filter.ts";
import { ServerCatalog } from "../catalog/server-catalog.ts";
import { attemptStart } from "../lifecycle/start-attempt.ts";
import { StartTime } from "../lifecycle/start-time.ts";
import type { ServerOptions } from "../options.ts";
import type { Clock } from "../platform/platform.ts";
import { RPC } from "../protocol/json-rpc.ts";
import type { Transport } from "../transports/session.ts";

/** How a probe ended: with what the server offers, or with why it could not be started. */
export type ProbeOutcome =
  | { readonly kind: "passed"; readonly catalog: ServerCatalog }
  | { readonly kind: "failed"; readonly reason: string };

/** What a probe needs. */
export interface ProbeContext {
  readonly id: string;
  readonly options: ServerOptions;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly onLog: (line: string) => void;
  /** Gives the probe up. */
  readonly signal: AbortSignal;
}

/** Starts a server that nobody may call yet, lists its tools and stops it again. Never rejects; nothing is left. */
export async function probeOnce({ id, options, transport, clock, onLog, signal }: ProbeContext): Promise<ProbeOutcome> {
  const secrets = `probe ${id}`;
  knownSecrets.replace(secrets, secretsIn(options));
  const abort = new AbortController();
  const giveUp = (): void => abort.abort(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  const time = new StartTime({ clock, id, options, abort: (reason) => abort.abort(reason) });
  const catalog = new ServerCatalog(new OfferFilter(options), clock);
  const message = "the gateway only looks whether the server works";
  try {
    const outcome = await attemptStart(
      transport,
      catalog,
      {
        onNotification: () => {},
        onServerRequest: async () => ({ kind: "error", error: { code: RPC.methodNotFound, message } }),
        onLog,
        onMessage: () => {},
        onPhase: time.onPhase,
      },
      abort.signal,
      () => {},
    );
    if (outcome.kind === "failed") return { kind: "failed", reason: redactText(outcome.message) };
    await outcome.session.close();
    return { kind: "passed", catalog };
  } catch (error) {
    // Redacted now, because the reason is kept for longer than the secrets of a server that was never registered.
    return { kind: "failed", reason: redactText(error instanceof Error ? error.message : String(error)) };
  } finally {
    time.end();
    signal.removeEventListener("abort", giveUp);
    await transport.close();
    knownSecrets.replace(secrets, []);
  }
}
