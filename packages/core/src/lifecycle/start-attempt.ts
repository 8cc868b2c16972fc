import type { ServerCatalog } from "../catalog/server-catalog.ts";
import type { CancelSignal } from "../platform/cancellation.ts";
import { type SessionObserver, StartError, type Transport, type UpstreamSession } from "../transports/session.ts";

/** How a start ended: with a session that is ready to serve, or with a reason and nothing left behind. */
export type StartOutcome =
  | { readonly kind: "opened"; readonly session: UpstreamSession; readonly toolsChanged: boolean }
  /** `code` is the diagnosis in a word, when the transport has one. */
  | { readonly kind: "failed"; readonly message: string; readonly code: string | undefined };

/** The callbacks of a session, apart from its end. */
export type SessionCallbacks = Omit<SessionObserver, "onClosed">;

/**
 * Opens a session and lists its tools: a server is ready when its names are known. A session that ends during the start
 * fails it; one that ends later is reported to `onEnded`. When `abort` aborts, its reason is the message.
 */
export async function attemptStart(
  transport: Transport,
  catalog: ServerCatalog,
  callbacks: SessionCallbacks,
  abort: CancelSignal,
  onEnded: (session: UpstreamSession, message: string) => void,
): Promise<StartOutcome> {
  let session: UpstreamSession | undefined;
  let endedEarly: string | undefined;
  let opened = false;
  const onClosed: SessionObserver["onClosed"] = ({ message }) => {
    if (opened && session !== undefined) onEnded(session, message);
    else endedEarly = message;
  };
  let problem: string | undefined;
  let code: string | undefined;
  try {
    session = await transport.open({ ...callbacks, onClosed }, abort);
    catalog.invalidateAll();
    const listed = await catalog.refresh("tools", session, abort);
    problem = endedEarly ?? (typeof listed === "boolean" ? undefined : listed.message);
    if (abort.aborted) {
      problem = messageOf(abort.reason);
      code = codeOf(abort.reason);
    }
    if (problem === undefined) {
      opened = true;
      return { kind: "opened", session, toolsChanged: listed === true };
    }
  } catch (error) {
    // What the transport saw tells more than that it was given up.
    const cause: unknown = abort.aborted && !(error instanceof StartError) ? abort.reason : error;
    problem = messageOf(cause);
    code = codeOf(cause);
  }
  // Closed before the failure is announced: a retry must not meet the remains of this attempt.
  await session?.close();
  return { kind: "failed", message: problem, code };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof StartError ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
