import { nameOf, oneOf } from "@mcp-hangar/telemetry";
import { beforeEach, describe, expect, test } from "vitest";
import { LabelSets, type ToolPlace } from "./label-sets.ts";
import type { Labels } from "./label-values.ts";

const specs = { mcp_server: nameOf("mcp_server"), tool: nameOf("tool"), status: oneOf(["ok", "bad"]) };

let known: Set<string>;
let created: Labels[];

beforeEach(() => {
  known = new Set(["a", "b"]);
  created = [];
});

function labelSets(limit = 100, placeOfTool: (server: string, tool: string) => ToolPlace = () => "own") {
  return new LabelSets<{ readonly labels: Labels }>(specs, {
    limit,
    isKnownServer: (server) => known.has(server),
    placeOfTool,
    birth: () => 0,
    create: (labels) => {
      created.push(labels);
      return { labels };
    },
  });
}

describe("LabelSets", () => {
  test("creates a series once and finds it again", () => {
    const sets = labelSets();
    const first = sets.admit({ mcp_server: "a", tool: "t", status: "ok" });
    expect(sets.admit({ status: "ok", tool: "t", mcp_server: "a" })).toBe(first);
    expect(created).toEqual([{ mcp_server: "a", tool: "t", status: "ok" }]);
  });

  test("writes the labels in the order of the declaration", () => {
    const { labels } = labelSets().admit({ status: "ok", tool: "t", mcp_server: "a" });
    expect(Object.keys(labels)).toEqual(["mcp_server", "tool", "status"]);
  });

  test("puts _other in the place of a name that did not resolve", () => {
    const { labels } = labelSets().admit({ mcp_server: "a", tool: undefined, status: "bad" });
    expect(labels).toEqual({ mcp_server: "a", tool: "_other", status: "bad" });
  });

  test("folds every name of an unknown server, and counts no overflow for it", () => {
    const sets = labelSets();
    const { labels } = sets.admit({ mcp_server: "ghost", tool: "t", status: "ok" });
    expect(labels).toEqual({ mcp_server: "_other", tool: "_other", status: "ok" });
    expect(sets.folded).toBe(0);
  });

  test("folds what is beyond the limit and counts each such observation", () => {
    const sets = labelSets(2);
    sets.admit({ mcp_server: "a", tool: "1", status: "ok" });
    sets.admit({ mcp_server: "a", tool: "2", status: "ok" });
    const folded = sets.admit({ mcp_server: "a", tool: "3", status: "bad" });
    expect(folded.labels).toEqual({ mcp_server: "_other", tool: "_other", status: "bad" });
    expect(sets.admit({ mcp_server: "a", tool: "3", status: "bad" })).toBe(folded);
    expect(sets.folded).toBe(2);
    // What exists goes on as before.
    expect(sets.admit({ mcp_server: "a", tool: "2", status: "ok" }).labels.tool).toBe("2");
    expect(sets.folded).toBe(2);
  });

  test("counts a tool that has no place for its server, and as an overflow only when there was no room", () => {
    const sets = labelSets(100, (_server, tool) => (tool === "gone" || tool === "folded" ? tool : "own"));
    const folded = sets.admit({ mcp_server: "a", tool: "folded", status: "ok" });
    expect(folded.labels).toEqual({ mcp_server: "a", tool: "_other", status: "ok" });
    expect(sets.admit({ mcp_server: "a", tool: "gone", status: "ok" })).toBe(folded);
    expect(sets.folded).toBe(1);
  });

  test("forgets the series of one tool and frees their part of the limit", () => {
    const sets = labelSets(3);
    const kept = sets.admit({ mcp_server: "a", tool: "t", status: "ok" });
    const gone = ["ok", "bad"].map((status) => sets.admit({ mcp_server: "a", tool: "u", status }));
    expect(sets.forgetTool("b", "u")).toEqual([]);
    expect(sets.forgetTool("a", "u")).toEqual(gone);
    expect(sets.forgetTool("a", "u")).toEqual([]);
    expect([...sets.all()]).toEqual([kept]);
  });

  test("reserves at most half of the limit, and does not count what it leaves out", () => {
    const sets = labelSets(4);
    for (const tool of ["1", "2", "3", "4"]) sets.reserve({ mcp_server: "a", tool, status: "ok" });
    expect([...sets.all()]).toHaveLength(2);
    expect(sets.folded).toBe(0);
    for (const tool of ["3", "4"]) sets.admit({ mcp_server: "a", tool, status: "ok" });
    expect([...sets.all()]).toHaveLength(4);
    expect(sets.folded).toBe(0);
  });

  test("reserves _other even when its half is used up, because everything beyond ends there", () => {
    const sets = labelSets(2);
    sets.reserve({ mcp_server: "a", tool: "1", status: "ok" });
    sets.reserve({ mcp_server: "_other", tool: "_other", status: "ok" });
    expect([...sets.all()]).toHaveLength(2);
  });

  test("reserves nothing twice", () => {
    const sets = labelSets();
    const labels = { mcp_server: "a", tool: "1", status: "ok" };
    const series = sets.admit(labels);
    sets.reserve(labels);
    expect([...sets.all()]).toEqual([series]);
  });

  test("forgets the series of one server and frees their part of the limit", () => {
    const sets = labelSets(3);
    const kept = sets.admit({ mcp_server: "b", tool: "t", status: "ok" });
    const gone = ["1", "2"].map((tool) => sets.admit({ mcp_server: "a", tool, status: "ok" }));
    expect(sets.forget("mcp_server", "a")).toEqual(gone);
    expect(sets.forget("mcp_server", "a")).toEqual([]);
    expect([...sets.all()]).toEqual([kept]);
    expect(sets.admit({ mcp_server: "b", tool: "u", status: "ok" }).labels.mcp_server).toBe("b");
  });

  test("does not forget _other, even for a server that is called so", () => {
    const sets = labelSets();
    const other = sets.admit({ mcp_server: undefined, tool: undefined, status: "ok" });
    expect(sets.forget("mcp_server", "_other")).toEqual([]);
    expect([...sets.all()]).toEqual([other]);
  });

  test("does not resurrect a removed server for a late observation", () => {
    const sets = labelSets();
    const late = { mcp_server: "a", tool: "t", status: "ok" };
    sets.admit(late);
    known.delete("a");
    sets.forget("mcp_server", "a");
    expect(sets.admit(late).labels.mcp_server).toBe("_other");
  });

  test.each(["__proto__", "constructor", "toString", "hasOwnProperty", "", " ", 'a"b\\c\n', "🚀", "a,b:c"])(
    "keeps the name %j apart from every other",
    (tool) => {
      const sets = labelSets();
      const { labels } = sets.admit({ mcp_server: "a", tool, status: "ok" });
      expect(labels).toEqual({ mcp_server: "a", tool, status: "ok" });
      expect(sets.admit({ mcp_server: "a", tool: "plain", status: "ok" }).labels.tool).toBe("plain");
    },
  );

  test("folds a name that prom-client could take for two labels", () => {
    known.add("a,tool:x");
    const { labels } = labelSets().admit({ mcp_server: "a,tool:x", tool: "y", status: "ok" });
    expect(labels).toEqual({ mcp_server: "_other", tool: "y", status: "ok" });
  });

  test("folds a name too long to be repeated on every line", () => {
    const sets = labelSets();
    expect(sets.admit({ mcp_server: "a", tool: "x".repeat(256), status: "ok" }).labels.tool).toHaveLength(256);
    expect(sets.admit({ mcp_server: "a", tool: "x".repeat(257), status: "ok" }).labels.tool).toBe("_other");
  });

  test("makes one series of names that would be the same on the wire", () => {
    const sets = labelSets();
    const first = sets.admit({ mcp_server: "a", tool: "\ud800", status: "ok" });
    expect(first.labels.tool).toBe("\ufffd");
    expect(sets.admit({ mcp_server: "a", tool: "\ud801", status: "ok" })).toBe(first);
  });

  test("has one series when there are no labels, whatever the limit", () => {
    const sets = new LabelSets<object>(
      {},
      {
        limit: 0,
        isKnownServer: () => false,
        placeOfTool: () => "own",
        birth: () => 0,
        create: (labels) => ({ labels }),
      },
    );
    expect(sets.admit({})).toBe(sets.admit({}));
    expect([...sets.all()]).toHaveLength(1);
  });

  test("can be read while series come and go", () => {
    const sets = labelSets();
    for (const tool of ["1", "2", "3"]) sets.admit({ mcp_server: "a", tool, status: "ok" });
    const seen: (string | undefined)[] = [];
    for (const { labels } of sets.all()) {
      seen.push(labels.tool);
      if (labels.tool === "1") {
        sets.admit({ mcp_server: "b", tool: "late", status: "ok" });
        sets.forget("mcp_server", "a");
      }
    }
    expect(seen).toEqual(["1", "late"]);
  });

  test("comes to an end of reading even when every series read is followed by a new one", () => {
    const sets = labelSets();
    for (const tool of ["1", "2", "3"]) sets.admit({ mcp_server: "a", tool, status: "ok" });
    let read = 0;
    for (const _series of sets.all()) sets.admit({ mcp_server: "b", tool: `${read++}`, status: "ok" });
    expect(read).toBe(3);
  });
});
