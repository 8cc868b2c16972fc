import type { CancelSignal } from "../../platform/cancellation.ts";
import type { PeerDescription } from "../../protocol/eras.ts";
import { initializeParams } from "../../protocol/handshake.ts";
import { notificationText, requestText } from "../outgoing-message.ts";
import { ownId } from "../request-table.ts";
import { StartError } from "../session.ts";
import type { Answer } from "./ask.ts";
import { count } from "./count.ts";
import { diagnose, notSse, type Place } from "./diagnose.ts";
import { gaveUp, initialized, isTaken, resultOf } from "./handshake-results.ts";
import type { Ending } from "./message-exchange.ts";
import type { Parties } from "./negotiate.ts";
import { sendAndWait } from "./posted-message.ts";
import { postHeaders, sseStreamHeaders } from "./protocol-headers.ts";
import { type NoLink, SseLink } from "./sse-link.ts";

/** One handshake with a server that speaks HTTP+SSE: what it said, and the link to it. */
export interface SseHandshake {
  readonly peer: PeerDescription;
  readonly link: SseLink;
}

/** The id of `initialize`: those of a session begin behind it. */
const INITIALIZE_ID = 0;

/** Opens a link to a server that speaks HTTP+SSE, and shakes hands over it. @throws StartError */
export async function openSse(parties: Parties, signal: CancelSignal): Promise<SseHandshake> {
  const opened = await SseLink.open(parties.client, sseStreamHeaders(parties.fixedHeaders), signal);
  if (opened instanceof SseLink) return introduce(parties, opened, signal);
  throw noLink(opened, parties.client);
}

/** Shakes hands over a link, which is closed when that fails. @throws StartError */
export async function introduce(parties: Parties, link: SseLink, signal: CancelSignal): Promise<SseHandshake> {
  const { client, observer, fixedHeaders } = parties;
  try {
    const { result } = resultOf(await askToInitialize(parties, link, signal), "initialize", client);
    const peer = initialized(result, client.endpoint);
    observer.onMessage("sent", "notification");
    const text = notificationText({ method: "notifications/initialized", params: {} });
    const headers = postHeaders(fixedHeaders, peer.protocolVersion);
    const confirmed = await sendAndWait(client, { method: "POST", headers, text, path: link.postPath }, signal);
    if (confirmed === "aborted") throw gaveUp("notifications/initialized", client.endpoint, true);
    if (!isTaken(confirmed)) throw diagnose(confirmed, "notifications/initialized", client);
    return { peer, link };
  } catch (error) {
    link.close();
    throw error;
  }
}

/** Posts `initialize` and waits for the answer on the stream. Never rejects. */
function askToInitialize({ client, observer, ...who }: Parties, link: SseLink, signal: CancelSignal): Promise<Answer> {
  return new Promise((resolve) => {
    const posting = new AbortController();
    const settle = (answer: Answer): void => {
      signal.removeEventListener("abort", onAbort);
      link.detach();
      if (answer.kind === "none" || answer.kind === "aborted") posting.abort();
      resolve(answer);
    };
    const onAbort = (): void => settle({ kind: "aborted", sent: true });
    signal.addEventListener("abort", onAbort, { once: true });
    link.attach({
      onMessage(message) {
        count(observer, message);
        if (message.kind === "response" && ownId(message.id) === INITIALIZE_ID) {
          settle({ kind: "result", result: message.result.value, headers: {} });
        } else if (message.kind === "error" && (message.id === null || ownId(message.id) === INITIALIZE_ID)) {
          settle({ kind: "error", error: message.error });
        }
      },
      onTooLarge: () =>
        settle({ kind: "none", ending: { kind: "too_large", reason: "it is larger than max_message_bytes" } }),
      onEnd: (ending) => settle({ kind: "none", ending }),
    });
    const params = initializeParams({ info: who.clientInfo, capabilities: who.clientCapabilities });
    const message = {
      method: "POST",
      headers: postHeaders(who.fixedHeaders, undefined),
      text: requestText(INITIALIZE_ID, "initialize", params),
      path: link.postPath,
    } as const;
    observer.onMessage("sent", "request");
    void sendAndWait(client, message, posting.signal).then((ending) => {
      if (ending !== "aborted" && !isAccepted(ending)) settle({ kind: "none", ending });
    });
    if (signal.aborted) onAbort();
  });
}

/** Whether a message was taken that was posted, whatever was said to it: the answer comes on the stream. */
export function isAccepted(ending: Ending): boolean {
  return ending.kind === "complete" || ending.kind === "unreadable" || ending.kind === "too_large";
}

function noLink(why: NoLink, place: Place): StartError {
  const { endpoint } = place;
  switch (why.kind) {
    case "aborted":
      return gaveUp("GET", endpoint, why.sent);
    case "silent":
      return notSse("its event stream does not say where messages go (event endpoint)", endpoint);
    case "foreign": {
      const message = `${endpoint.href} wants messages to go to another origin or no valid address (event endpoint), where credentials must not go. Is there a proxy that changes the host? Then let the server announce a path alone`;
      return new StartError("not_mcp", message);
    }
    case "ending":
      if (why.ending.kind === "broken" || why.ending.kind === "status") return diagnose(why.ending, "GET", place);
      if (why.ending.kind === "complete")
        return notSse("GET was answered without an event stream that stands", endpoint);
      return notSse(`it answered GET with something else than an event stream: ${why.ending.reason}`, endpoint);
  }
}
