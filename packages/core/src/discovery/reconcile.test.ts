import { describe, expect, it } from "vitest";
import { subprocessOptions } from "../options.ts";
import type { ServerOrigin } from "../registration.ts";
import type { Announcement } from "./definition.ts";
import { reconcile } from "./reconcile.ts";
import { type DiscoveredReport, reportOn } from "./report.ts";
import { type DiscoveryInput, NOTHING_DISCOVERED, type SourceRules, type Surroundings } from "./state.ts";

const AUTHORITATIVE = { mode: "authoritative" } as const;

/** Plays what happens, with a fleet that is a map of ids. */
class Stage {
  readonly fleet = new Map<string, ServerOrigin>();
  readonly #sources = new Map<string, SourceRules>();
  state = NOTHING_DISCOVERED;
  nowMs = 1_000_000;
  serversMax = 100;

  source(name: string, rules: Partial<SourceRules> = {}): this {
    const defaults = { mode: "additive", approve: "auto", probe: false, ttl_s: 10, allow_empty: false } as const;
    const limits: Pick<SourceRules, "max_servers" | "server_modes" | "allow_addresses"> = {
      max_servers: 100,
      server_modes: ["subprocess", "remote"],
      allow_addresses: [],
    };
    this.#sources.set(name, { ...defaults, ...limits, ...rules });
    return this;
  }

  without(name: string): this {
    this.#sources.delete(name);
    return this;
  }

  world(): Surroundings {
    return {
      nowMs: this.nowMs,
      wallMs: this.nowMs,
      sources: this.#sources,
      serversMax: this.serversMax,
      originOf: (id) => this.fleet.get(id),
      retryDelayMs: (failures) => failures * 1_000,
    };
  }

  /** What is done in consequence, such as "register math from files". */
  feed(input: DiscoveryInput): string[] {
    const { state, actions } = reconcile(this.state, input, this.world());
    this.state = state;
    return actions.map((action) => {
      if (action.type === "register") this.fleet.set(action.id, "discovery");
      if (action.type === "unregister") this.fleet.delete(action.id);
      return action.type === "probe" ? `probe ${action.key}` : `${action.type} ${action.id} from ${action.source}`;
    });
  }

  announce(source: string, ...servers: readonly (string | Announcement)[]): string[] {
    const read = servers.map((server) => (typeof server === "string" ? server_(server) : server));
    return this.feed({ type: "announced", source, servers: read });
  }

  later(seconds: number): this {
    this.nowMs += seconds * 1_000;
    return this;
  }

  probed(key: string, failure?: string): string[] {
    const fingerprint = this.state.candidates.get(key)?.newest?.fingerprint ?? "";
    return this.feed({ type: "probed", key, fingerprint, failure });
  }

  report(key: string): DiscoveredReport | undefined {
    const candidate = this.state.candidates.get(key);
    return candidate && reportOn(candidate, this.state, this.world());
  }
}

/** `name` or `name@definition`. */
function server_(text: string): Announcement {
  const [name = "", fingerprint = "1"] = text.split("@");
  const options = subprocessOptions.parse({ mode: "subprocess", command: `${name} ${fingerprint}` });
  const definition = { options, fingerprint: `${name} ${fingerprint}` };
  return { name, location: `/${name}`, content: { kind: "definition", definition } };
}

function broken(name: string): Announcement {
  return { name, location: `/${name}`, content: { kind: "problem", problem: "unreadable" } };
}

describe("a source", () => {
  it("registers what it announces, once", () => {
    const stage = new Stage().source("files");
    expect(stage.announce("files", "math", "words")).toEqual(["register math from files", "register words from files"]);
    expect(stage.announce("files", "words", "math")).toEqual([]);
    expect(stage.report("files/math")).toMatchObject({ id: "math", state: "registered", reason: undefined });
  });

  it("replaces a server whose definition changed, without taking it away", () => {
    const stage = new Stage().source("files");
    stage.announce("files", "math@1");
    expect(stage.announce("files", "math@2")).toEqual(["replace math from files"]);
    expect(stage.announce("files", "math@2")).toEqual([]);
  });

  it("keeps the last good definition of a server whose newest cannot be used", () => {
    const stage = new Stage().source("files", AUTHORITATIVE);
    stage.announce("files", "math@1");
    expect(stage.announce("files", broken("math"))).toEqual([]);
    expect(stage.report("files/math")).toMatchObject({ state: "registered", reason: "unreadable" });
    expect(stage.later(100).announce("files", broken("math"))).toEqual([]);
    expect(stage.announce("files", "math@2")).toEqual(["replace math from files"]);
  });

  it("shows a server that was never readable as invalid", () => {
    const stage = new Stage().source("files");
    expect(stage.announce("files", broken("math"))).toEqual([]);
    expect(stage.report("files/math")).toMatchObject({ state: "invalid", reason: "unreadable" });
  });

  it("keeps what is no longer announced when it is additive", () => {
    const stage = new Stage().source("files");
    stage.announce("files", "math");
    expect(stage.announce("files")).toEqual([]);
    expect(stage.later(1_000_000).announce("files")).toEqual([]);
    expect(stage.report("files/math")).toMatchObject({ state: "registered", reason: "it is no longer announced" });
  });

  it("removes what is no longer announced, after its time to live, when it is authoritative", () => {
    const stage = new Stage().source("files", AUTHORITATIVE);
    stage.announce("files", "math");
    expect(stage.later(3_600).announce("files")).toEqual([]);
    expect(stage.later(9).announce("files")).toEqual([]);
    expect(stage.later(1).announce("files")).toEqual(["unregister math from files"]);
    expect(stage.state.candidates.size).toBe(0);
  });

  it("counts the time to live anew when a server was there in between", () => {
    const stage = new Stage().source("files", AUTHORITATIVE);
    stage.announce("files", "math");
    stage.later(5).announce("files");
    stage.later(9).announce("files", "math");
    expect(stage.later(5).announce("files")).toEqual([]);
    expect(stage.later(9).announce("files")).toEqual([]);
  });

  it("removes nothing while it cannot be asked, however long that takes", () => {
    const stage = new Stage().source("files", AUTHORITATIVE);
    stage.announce("files", "math");
    expect(stage.later(100_000).feed({ type: "time_passed" })).toEqual([]);
    stage.announce("files");
    expect(stage.later(100_000).feed({ type: "time_passed" })).toEqual([]);
  });

  it("takes its servers along when it is no longer configured", () => {
    const stage = new Stage().source("files").source("others");
    stage.announce("files", "math");
    stage.announce("others", "words");
    expect(stage.without("files").feed({ type: "time_passed" })).toEqual(["unregister math from files"]);
    expect([...stage.fleet.keys()]).toEqual(["words"]);
  });

  it("announces no more servers than it may, and those it has stay", () => {
    const stage = new Stage().source("files", { max_servers: 2 });
    stage.announce("files", "m", "n");
    expect(stage.announce("files", "a", "b", "m", "n")).toEqual([]);
    expect([...stage.fleet.keys()]).toEqual(["m", "n"]);
  });

  it("uses one of several announcements of a name, always the same, and says so", () => {
    const at = (location: string, definition: string): Announcement => ({ ...server_(`math@${definition}`), location });
    const stage = new Stage().source("files");
    stage.announce("files", at("/b", "2"), at("/a", "1"));
    expect(stage.report("files/math")).toMatchObject({
      location: "/a",
      reason: "/b announces the same name and is ignored",
    });
    expect(stage.announce("files", at("/a", "1"), at("/0", "0"))).toEqual([]);
    expect(stage.report("files/math")?.location).toBe("/a");
  });
});

describe("where several define a server", () => {
  it("the configuration always wins, before and after", () => {
    const stage = new Stage().source("files");
    stage.fleet.set("math", "config");
    expect(stage.announce("files", "math", "words")).toEqual(["register words from files"]);
    expect(stage.report("files/math")).toMatchObject({
      state: "conflict",
      reason: expect.stringContaining("configuration"),
    });
    stage.fleet.set("words", "config");
    expect(stage.announce("files", "math", "words@2")).toEqual([]);
    expect(stage.report("files/words")?.state).toBe("conflict");
    expect(stage.without("files").feed({ type: "time_passed" })).toEqual([]);
  });

  it("a server that discovery has found comes back when the configuration gives its id up", () => {
    const stage = new Stage().source("files");
    stage.fleet.set("math", "config");
    stage.announce("files", "math");
    stage.fleet.delete("math");
    expect(stage.feed({ type: "time_passed" })).toEqual(["register math from files"]);
  });

  it("so does a server of the management interface", () => {
    const stage = new Stage().source("files");
    stage.fleet.set("math", "runtime");
    expect(stage.announce("files", "math")).toEqual([]);
    expect(stage.report("files/math")?.state).toBe("conflict");
  });

  it("the source that comes first in the configuration wins, whoever was there first", () => {
    const stage = new Stage().source("first", AUTHORITATIVE).source("second");
    stage.announce("second", "math@2");
    expect(stage.announce("first", "math@1")).toEqual(["replace math from first"]);
    expect(stage.report("second/math")).toMatchObject({
      state: "conflict",
      reason: expect.stringContaining('"first"'),
    });
    stage.announce("first");
    expect(stage.later(10).announce("first")).toEqual(["replace math from second"]);
    expect(stage.report("second/math")?.state).toBe("registered");
  });

  it("a server that may not serve does not keep another from serving", () => {
    const stage = new Stage().source("first", { approve: "manual" }).source("second");
    expect(stage.announce("first", "math")).toEqual([]);
    expect(stage.announce("second", "math@2")).toEqual(["register math from second"]);
    expect(stage.feed({ type: "approved", key: "first/math" })).toEqual(["replace math from first"]);
    expect(stage.feed({ type: "rejected", key: "first/math" })).toEqual(["replace math from second"]);
  });

  it("a server that was removed from the fleet while it is announced comes back", () => {
    const stage = new Stage().source("files");
    stage.announce("files", "math");
    stage.fleet.delete("math");
    expect(stage.feed({ type: "time_passed" })).toEqual(["register math from files"]);
  });

  it("all sources together stay below the limit, and nobody is pushed out", () => {
    const stage = new Stage().source("first", AUTHORITATIVE).source("second");
    stage.serversMax = 2;
    stage.announce("second", "m", "n");
    expect(stage.announce("first", "a")).toEqual([]);
    expect(stage.report("first/a")).toMatchObject({
      state: "conflict",
      reason: expect.stringContaining("max_servers (2)"),
    });
    expect(stage.feed({ type: "rejected", key: "second/m" })).toEqual([
      "unregister m from second",
      "register a from first",
    ]);
  });
});

describe("approval", () => {
  it("keeps servers out until somebody approves them", () => {
    const stage = new Stage().source("files", { approve: "manual" });
    expect(stage.announce("files", "math")).toEqual([]);
    expect(stage.report("files/math")?.state).toBe("pending");
    expect(stage.feed({ type: "approved", key: "files/math" })).toEqual(["register math from files"]);
  });

  it("is for one definition: a changed one waits again, and the approved one goes on", () => {
    const stage = new Stage().source("files", { approve: "manual" });
    stage.announce("files", "math@1");
    stage.feed({ type: "approved", key: "files/math" });
    expect(stage.announce("files", "math@2")).toEqual([]);
    expect(stage.report("files/math")).toMatchObject({
      state: "registered",
      reason: expect.stringContaining("pending"),
    });
    expect(stage.announce("files", "math@1")).toEqual([]);
    expect(stage.report("files/math")?.reason).toBeUndefined();
    stage.announce("files", "math@2");
    expect(stage.feed({ type: "approved", key: "files/math" })).toEqual(["replace math from files"]);
  });

  it("can be refused: the server stays out until its definition changes, and then waits for approval", () => {
    const stage = new Stage().source("files");
    stage.announce("files", "math@1");
    expect(stage.feed({ type: "rejected", key: "files/math" })).toEqual(["unregister math from files"]);
    expect(stage.announce("files", "math@1")).toEqual([]);
    expect(stage.report("files/math")?.state).toBe("rejected");
    expect(stage.announce("files", "math@2")).toEqual([]);
    expect(stage.report("files/math")?.state).toBe("pending");
  });

  it("is not gained by going away for a while", () => {
    const stage = new Stage().source("files", AUTHORITATIVE);
    stage.announce("files", "math");
    stage.feed({ type: "rejected", key: "files/math" });
    stage.announce("files");
    stage.later(1_000).announce("files");
    expect(stage.announce("files", "math")).toEqual([]);
    expect(stage.report("files/math")?.state).toBe("rejected");
  });

  it("refused once is refused for good: changing a definition to and fro does not help", () => {
    const stage = new Stage().source("files");
    stage.announce("files", "math@1");
    stage.feed({ type: "rejected", key: "files/math" });
    stage.announce("files", "math@2");
    expect(stage.announce("files", "math@1")).toEqual([]);
    expect(stage.report("files/math")?.state).toBe("rejected");
    expect(stage.announce("files", "math@3")).toEqual([]);
    expect(stage.feed({ type: "approved", key: "files/math" })).toEqual(["register math from files"]);
    expect(stage.announce("files", "math@1")).toEqual([]);
    expect(stage.announce("files", "math@4")).toEqual(["replace math from files"]);
  });

  it("refused to an update leaves what was approved before in place, until that is refused too", () => {
    const stage = new Stage().source("files", { approve: "manual" });
    stage.announce("files", "math@1");
    stage.feed({ type: "approved", key: "files/math" });
    stage.announce("files", "math@2");
    expect(stage.feed({ type: "rejected", key: "files/math" })).toEqual([]);
    expect(stage.report("files/math")).toMatchObject({
      state: "registered",
      reason: expect.stringContaining("rejected"),
    });
    expect(stage.feed({ type: "rejected", key: "files/math" })).toEqual(["unregister math from files"]);
    expect(stage.announce("files", "math@1")).toEqual([]);
  });

  it("of what is unknown changes nothing", () => {
    const stage = new Stage().source("files");
    expect(stage.feed({ type: "approved", key: "files/math" })).toEqual([]);
    expect(stage.feed({ type: "rejected", key: "files/math" })).toEqual([]);
  });

  it("refused to a server that is gone takes no room of others, and is remembered", () => {
    const stage = new Stage().source("files", { max_servers: 2 });
    stage.announce("files", "a", "b");
    stage.feed({ type: "rejected", key: "files/a" });
    stage.announce("files", "b");
    expect(stage.announce("files", "b", "c")).toEqual(["register c from files"]);
    expect(stage.announce("files", "a", "c")).toEqual([]);
    expect(stage.report("files/a")?.state).toBe("rejected");
  });
});

describe("a probe", () => {
  const probing = (): Stage => new Stage().source("files", { probe: true, ...AUTHORITATIVE });

  it("comes before a server may be called", () => {
    const stage = probing();
    expect(stage.announce("files", "math")).toEqual(["probe files/math"]);
    expect(stage.announce("files", "math")).toEqual([]);
    expect(stage.report("files/math")?.state).toBe("probing");
    expect(stage.probed("files/math")).toEqual(["register math from files"]);
  });

  it("that fails keeps the server in quarantine with the reason, and is repeated with growing pauses", () => {
    const stage = probing();
    stage.announce("files", "math");
    expect(stage.probed("files/math", "refused")).toEqual([]);
    expect(stage.report("files/math")).toMatchObject({ state: "quarantined", reason: "refused" });
    expect(stage.later(0.9).announce("files", "math")).toEqual([]);
    expect(stage.later(0.1).announce("files", "math")).toEqual(["probe files/math"]);
    stage.probed("files/math", "refused");
    expect(stage.later(1.9).announce("files", "math")).toEqual([]);
    expect(stage.later(0.1).feed({ type: "time_passed" })).toEqual(["probe files/math"]);
    expect(stage.probed("files/math")).toEqual(["register math from files"]);
  });

  it("of a new definition leaves the old one in place until it passes", () => {
    const stage = probing();
    stage.announce("files", "math@1");
    stage.probed("files/math");
    expect(stage.announce("files", "math@2")).toEqual(["probe files/math"]);
    stage.probed("files/math", "refused");
    expect(stage.report("files/math")).toMatchObject({
      state: "registered",
      reason: "a newer definition is quarantined: refused",
    });
    stage.later(1).feed({ type: "time_passed" });
    expect(stage.probed("files/math")).toEqual(["replace math from files"]);
  });

  it("whose definition has changed, or that was rejected meanwhile, says nothing", () => {
    const stage = probing();
    stage.announce("files", "math@1");
    expect(stage.announce("files", "math@2")).toEqual(["probe files/math"]);
    expect(stage.feed({ type: "probed", key: "files/math", fingerprint: "math 1", failure: undefined })).toEqual([]);
    stage.feed({ type: "rejected", key: "files/math" });
    expect(stage.probed("files/math")).toEqual([]);
    expect(stage.report("files/math")?.state).toBe("rejected");
  });

  it("is not made for a server whose id is taken, nor for one that waits for approval", () => {
    const stage = probing().source("waiting", { probe: true, approve: "manual" });
    stage.fleet.set("math", "config");
    expect(stage.announce("files", "math")).toEqual([]);
    expect(stage.announce("waiting", "words")).toEqual([]);
    stage.fleet.delete("math");
    expect(stage.feed({ type: "time_passed" })).toEqual(["probe files/math"]);
    expect(stage.feed({ type: "approved", key: "waiting/words" })).toEqual(["probe waiting/words"]);
  });

  it("is made at once when somebody approves a server in quarantine", () => {
    const stage = probing();
    stage.announce("files", "math");
    stage.probed("files/math", "refused");
    expect(stage.feed({ type: "approved", key: "files/math" })).toEqual(["probe files/math"]);
  });

  it("is not repeated for a server that is no longer announced", () => {
    const stage = probing();
    stage.announce("files", "math");
    stage.probed("files/math", "refused");
    stage.announce("files");
    expect(stage.later(5).feed({ type: "time_passed" })).toEqual([]);
    stage.later(5).announce("files");
    expect(stage.state.candidates.size).toBe(0);
  });
});
