import type { JsonRpcNotification } from "@mcp-hangar/core";
import { FakeClock } from "@mcp-hangar/core/testing";
import { describe, expect, it } from "vitest";
import { ANONYMOUS_CALLER } from "../access/access.ts";
import { LegacySession } from "./legacy-session.ts";
import type { ResourceSubscription } from "./resource-subscription.ts";
import { AnswerRoom } from "./resumption/answer-room.ts";
import { SessionAnswers } from "./resumption/session-answers.ts";

const TOOLS: JsonRpcNotification = { method: "notifications/tools/list_changed", params: {} };
const PROMPTS: JsonRpcNotification = { method: "notifications/prompts/list_changed", params: {} };
const updated = (uri: string): JsonRpcNotification => ({
  method: "notifications/resources/updated",
  params: { uri },
});

function open(): LegacySession {
  return new LegacySession({
    id: "s",
    protocolVersion: "2025-11-25",
    capabilities: {},
    caller: ANONYMOUS_CALLER,
    client: { name: undefined, version: undefined },
    answers: new SessionAnswers(new AnswerRoom(), new FakeClock(), "nobody"),
    nowMs: 0,
  });
}

function subscribe(session: LegacySession, uri: string): void {
  // As much of a subscription as a session looks at.
  session.subscriptions.set(uri, { uri, release: () => {} } as ResourceSubscription);
}

/** Opens a stream; gives what it hears and how to close it. */
function listen(session: LegacySession): { readonly heard: JsonRpcNotification[]; readonly close: () => void } {
  const heard: JsonRpcNotification[] = [];
  const detach = session.attach((notification) => heard.push(notification));
  if (detach === undefined) throw new Error("there is a stream already");
  session.catchUp();
  return { heard, close: detach };
}

describe("a session whose client has no stream at the moment", () => {
  it("tells the next stream which lists changed, each once", () => {
    const session = open();
    for (const notification of [TOOLS, PROMPTS, TOOLS]) session.push(notification);
    const first = listen(session);
    expect(first.heard).toEqual([TOOLS, PROMPTS]);
    session.push(TOOLS);
    expect(first.heard).toEqual([TOOLS, PROMPTS, TOOLS]);
    first.close();
    expect(listen(session).heard).toEqual([]);
  });

  it("tells it of changed resources to which the client is still subscribed", () => {
    const session = open();
    for (const uri of ["a://1", "a://2"]) subscribe(session, uri);
    for (const uri of ["a://1", "a://2", "a://1"]) session.push(updated(uri));
    session.subscriptions.delete("a://2");
    expect(listen(session).heard).toEqual([updated("a://1")]);
  });

  it("keeps of a change no more than what changed", () => {
    const session = open();
    subscribe(session, "a://1");
    session.push({ method: "notifications/resources/updated", params: { uri: "a://1", _meta: { text: "large" } } });
    expect(listen(session).heard).toEqual([updated("a://1")]);
  });

  it("keeps no log messages", () => {
    const session = open();
    session.push({ method: "notifications/message", params: { level: "info", data: "x" } });
    expect(listen(session).heard).toEqual([]);
  });

  it("remembers no more than concerns it, however many resources it subscribes to and leaves", () => {
    const session = open();
    subscribe(session, "a://kept");
    session.push(updated("a://kept"));
    for (let index = 0; index < 20_000; index++) {
      const uri = `a://${index}`;
      subscribe(session, uri);
      session.push(updated(uri));
      session.subscriptions.delete(uri);
    }
    expect(session.untold).toBeLessThanOrEqual(5_000);
    expect(listen(session).heard).toEqual([updated("a://kept")]);
    expect(session.untold).toBe(0);
  });
});
