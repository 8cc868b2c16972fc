import type { Caller, HangarEvent, HangarEventType } from "@mcp-hangar/telemetry";
import { addressKey } from "../http/address-key.ts";

/** What a refused request is one of: whoever makes it can make any number. */
export interface Noise {
  readonly of: HangarEventType;
  /** Why it was refused; out of a list that is ours. */
  readonly reason: string;
  readonly caller: Caller | undefined;
  readonly remoteAddress: string | undefined;
  /** Where it comes from: a caller's share or the network of an address. */
  readonly source: string;
}

/** What an event is noise of; `undefined` when it says something about the gateway, its servers or work that was done. */
export function noiseOf(event: HangarEvent): Noise | undefined {
  switch (event.type) {
    case "call.finished":
    case "request.finished": {
      const { outcome, caller } = event;
      if (outcome.status === "rejected") return noiseBy(event.type, outcome.reason, caller);
      // What is refused, or left by its client, before its method is read costs its sender nothing either, and no rate limit counts it.
      return "method" in event && event.method === "_other" ? noiseBy(event.type, outcome.status, caller) : undefined;
    }
    case "operation.finished":
      // Input that is wrong and what the rate limit refuses cost their sender nothing, and say nothing about the gateway.
      return event.outcome === "invalid_request" || event.outcome === "rate_limited"
        ? noiseBy(event.type, event.outcome, event.caller)
        : undefined;
    case "access.denied": {
      const { type: of, reason, caller, remoteAddress } = event;
      if (caller !== undefined) return noiseBy(of, reason, caller);
      return { of, reason, caller, remoteAddress, source: addressKey(remoteAddress ?? "") };
    }
    case "authentication.failed": {
      const { type: of, reason, remoteAddress } = event;
      return { of, reason, caller: undefined, remoteAddress, source: addressKey(remoteAddress ?? "") };
    }
    default:
      return undefined;
  }
}

function noiseBy(of: HangarEventType, reason: string, caller: Caller): Noise {
  const { address: remoteAddress, credential } = caller;
  return { of, reason, caller, remoteAddress, source: remoteAddress ?? credential };
}
