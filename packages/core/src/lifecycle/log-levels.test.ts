import { describe, expect, it } from "vitest";
import type { JsonObject } from "../protocol/json-rpc.ts";
import { FAKE_PEER, type FakePlatform, FakeTransport, fakePlatform, resultReply } from "../testing/index.ts";
import type { UpstreamReply, UpstreamSession } from "../transports/session.ts";
import { hearsLevel, LOG_LEVELS, LogLevels } from "./log-levels.ts";

interface Rig {
  readonly levels: LogLevels;
  readonly platform: FakePlatform;
  /** What the server was told, in order. */
  readonly told: () => readonly unknown[];
  readonly restart: () => Promise<void>;
}

async function rig(capabilities: JsonObject = { logging: {} }, reply?: UpstreamReply): Promise<Rig> {
  const platform = fakePlatform();
  const peer = { ...FAKE_PEER, era: "legacy", protocolVersion: "2025-11-25", capabilities } as const;
  const transport = new FakeTransport(platform.clock, { peer, reply: () => reply ?? resultReply({}) });
  const told: unknown[] = [];
  let session: UpstreamSession | undefined;
  const observer = { onNotification() {}, onClosed() {}, onLog() {}, onMessage() {} };
  const restart = async (): Promise<void> => {
    const asked = async () => ({ kind: "result", result: {} }) as const;
    const opened = await transport.open({ ...observer, onServerRequest: asked }, new AbortController().signal);
    session = {
      peer: opened.peer,
      peerFor: (era) => opened.peerFor(era),
      request: (request) => {
        told.push(request.params.level);
        return opened.request(request);
      },
      notify() {},
      connections: () => undefined,
      close: () => opened.close(),
    };
  };
  await restart();
  const levels = new LogLevels({ platform, timeoutMs: 1_000, session: () => session });
  return { levels, platform, told: () => told, restart };
}

describe("the level of a server", () => {
  const ann = {};
  const bob = {};

  it("is the most verbose that any client wants, and never less than others hear by default", async () => {
    const { levels, told } = await rig();
    await levels.want(ann, "error");
    await levels.want(bob, "debug");
    await levels.want(ann, "emergency");
    expect(told()).toEqual(["info", "debug"]);
    await levels.want(bob, "warning");
    expect(told()).toEqual(["info", "debug", "info"]);
  });

  it("rises again when the client that wanted it has gone", async () => {
    const { levels, told } = await rig();
    await levels.want(ann, "debug");
    await levels.want(bob, "debug");
    levels.forget(ann);
    levels.forget({});
    await levels.want(bob, "debug");
    expect(told()).toEqual(["debug"]);
    levels.forget(bob);
    await expect.poll(() => told(), { timeout: 60_000 }).toEqual(["debug", "info"]);
  });

  it("is told again to a server that was restarted, if anybody wants one", async () => {
    const { levels, told, restart } = await rig();
    levels.renew();
    await levels.want(ann, "debug");
    await restart();
    levels.renew();
    await expect.poll(() => told(), { timeout: 60_000 }).toEqual(["debug", "debug"]);
  });

  it("is told in the order of the wishes, also when they come at once", async () => {
    const { levels, told } = await rig();
    await Promise.all(LOG_LEVELS.toReversed().map((level) => levels.want(ann, level)));
    expect(told().at(-1)).toBe("debug");
  });

  it("is not told to a server that cannot log, and a refusal is handed on", async () => {
    const silent = await rig({});
    expect(await silent.levels.want(ann, "debug")).toBeUndefined();
    expect(silent.told()).toEqual([]);
    const error = { code: -32602, message: "no such level" };
    const refusing = await rig({ logging: {} }, { kind: "error", error });
    expect(await refusing.levels.want(ann, "debug")).toEqual(error);
  });
});

it("a client hears what it asked for and above", () => {
  for (const [index, wanted] of LOG_LEVELS.entries()) {
    expect(LOG_LEVELS.filter((level) => hearsLevel(wanted, level))).toEqual(LOG_LEVELS.slice(index));
    for (const odd of ["loud", 7, undefined, null, ""])
      expect(hearsLevel(wanted, odd)).toBe(hearsLevel(wanted, "info"));
  }
});
