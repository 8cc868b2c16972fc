import { poll, processesMarked } from "@mcp-hangar/testing";
import { describe, expect, it } from "vitest";
import { subprocessOptions } from "../../src/options.ts";
import { nodePlatform } from "../../src/platform/node-platform.ts";
import { preflightEntry } from "../../src/preflight.ts";
import { call, open, textOf } from "./harness.ts";

/** A server of a few lines of shell, which anybody may run; its tool tells as whom. */
const WHO = `
while read -r line; do
  id=$(printf %s "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
  [ -n "$id" ] || continue
  answer='"error":{"code":-32601,"message":"no"}'
  case $line in
    *'"method":"initialize"'*)
      answer='"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
    *'"method":"tools/call"'*)
      answer='"result":{"content":[{"type":"text","text":"'"$(id -u) $(id -G) $HOME"'"}]}' ;;
  esac
  printf '{"jsonrpc":"2.0","id":%s,%s}\\n' "$id" "$answer"
done`;

const options = (more: object) => subprocessOptions.parse({ mode: "subprocess", command: "/bin/sh", ...more });
const asRoot = { ...nodePlatform, uid: 0 };

describe("a server that runs as another user", () => {
  it("has that user, its group and home, and no other groups", { tags: ["root"] }, async () => {
    const { session } = await open({ command: ["/bin/sh", "-c", WHO], as: { user: "nobody", group: 12_345 } });
    const { 2: home = "" } = textOf(await call(session, "who")).split(" ");
    expect(textOf(await call(session, "who"))).toBe(`65534 12345 ${home}`);
    expect(home).not.toBe(process.env.HOME);
    await session.close();
  });

  it("is ended by the gateway like any other, with what has left its group", { tags: ["root", "setsid"] }, async () => {
    const marker = `hangar-run-as-${process.pid}`;
    const stubborn = `sh -c "trap '' TERM; while :; do sleep 1; done" ${marker}`;
    const script = `trap '' TERM; setsid ${stubborn} & ${stubborn} & ${WHO}; while :; do sleep 1; done`;
    const { session } = await open({
      command: ["/bin/sh", "-c", script, marker],
      as: { user: 65_534, group: 65_534 },
    });
    await poll("its children", () => processesMarked(marker).length >= 5);
    await session.close();
    await poll("end of all", () => processesMarked(marker).length === 0);
  });

  it.each<[what: string, as: object, message: RegExp]>([
    ["a user that does not exist", { user: "no-such-user" }, /no user "no-such-user"/],
    ["a group that does not exist", { user: "nobody", group: "no-such-group" }, /no group "no-such-group"/],
    ["a number without a group", { user: 4_000_000 }, /"group" has to name a group/],
  ])("is refused when it is configured with %s", async (_what, as, message) => {
    const [problem] = await preflightEntry(options(as), asRoot);
    expect(problem?.message).toMatch(message);
    expect(["user", "group"]).toContain(problem?.path[0]);
  });

  it("is refused when it is configured for a gateway that is not root", async () => {
    const problems = await preflightEntry(options({ user: "nobody" }), { ...nodePlatform, uid: 1_000 });
    expect(problems).toEqual([{ path: ["user"], message: expect.stringMatching(/only a gateway that runs as root/) }]);
  });

  it("is refused with a group alone", () => {
    const { error } = subprocessOptions.safeParse({ mode: "subprocess", command: "/bin/sh", group: "nogroup" });
    expect(error?.issues).toMatchObject([{ path: ["group"] }]);
  });

  it.each([{ user: "nobody" }, { user: "65534" }, { user: 65_534, group: "0" }, { user: 7_000, group: 7_000 }])(
    "is accepted as %o by a gateway that is root",
    async (as) => {
      expect(await preflightEntry(options(as), asRoot)).toEqual([]);
    },
  );
});
