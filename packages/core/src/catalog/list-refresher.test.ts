import { expect, it } from "vitest";
import { listMaxAgeMs } from "../options.ts";
import type { JsonObject } from "../protocol/json-rpc.ts";
import { FAKE_PEER, FakeClock, FakeTransport, resultReply } from "../testing/index.ts";
import { ListRefresher } from "./list-refresher.ts";
import { LIST_KINDS, LISTS, type ListKind } from "./lists.ts";
import { OfferFilter } from "./offer-filter.ts";
import { ServerCatalog } from "./server-catalog.ts";

/** A server whose lists have one item that is new with each fetch, and how often each was fetched. */
async function listed(list: ListKind, capability: JsonObject, page: JsonObject = {}) {
  const clock = new FakeClock();
  let fetches = 0;
  const changes: ListKind[] = [];
  const { key, identity } = LISTS[list];
  const transport = new FakeTransport(clock, {
    peer: { ...FAKE_PEER, capabilities: { [LISTS[list].capability]: capability } },
    reply: () => {
      fetches += 1;
      return resultReply({ [key]: [{ name: "x", [identity]: `item-${fetches}` }], ...page });
    },
  });
  const session = await transport.open(
    {
      onNotification: () => {},
      onServerRequest: async () => ({ kind: "result", result: {} }),
      onLog: () => {},
      onMessage: () => {},
      onClosed: () => {},
    },
    new AbortController().signal,
  );
  const refresher = new ListRefresher({
    catalog: new ServerCatalog(new OfferFilter({}), clock),
    clock,
    timeoutMs: 1_000,
    maxAgeMs: 60_000,
    session: () => session,
    onChanged: (changed) => changes.push(changed),
  });
  await refresher.refresh(list, session);
  return { clock, changes, refresher, fetches: () => fetches };
}

/** Lets what was begun in the background come to its end. */
const settled = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))));

it.each(LIST_KINDS)(
  "%s of a server that announces nothing are fetched again when they are a minute old",
  async (list) => {
    const { clock, changes, refresher, fetches } = await listed(list, {});
    for (const [ms, expected] of [
      [30_000, 1],
      [29_999, 1],
      [1, 2],
      [0, 2],
      [59_999, 2],
      [1, 3],
    ] as const) {
      clock.advance(ms);
      refresher.inBackground(list);
      await expect.poll(fetches).toBe(expected);
      await settled();
      expect(fetches()).toBe(expected);
    }
    expect(changes).toEqual([list, list]);
  },
);

it.each([
  ["announces changes", { listChanged: true }, {}, [3_600_000, 86_400_000], 1],
  ["announces changes and says how long lists hold", { listChanged: true }, { ttlMs: 20_000 }, [19_999, 1], 2],
  ["says that lists hold for long", {}, { ttlMs: 600_000 }, [599_999], 1],
  ["says that lists hold for no time", {}, { ttlMs: 0 }, [59_999], 1],
  ["says that lists hold for an instant", {}, { ttlMs: 1 }, [4_999], 1],
  ["says so in words", {}, { ttlMs: "1" }, [59_999], 1],
])("a server that %s", async (_name, capability, page, times, expected) => {
  const { clock, refresher, fetches } = await listed("tools", capability, page);
  for (const ms of times) {
    clock.advance(ms);
    refresher.inBackground("tools");
    await settled();
  }
  await expect.poll(fetches).toBe(expected);
});

it.each([
  [{ health_check_interval_s: 60 }, 60_000],
  [{ health_check_interval_s: 300 }, 60_000],
  [{ health_check_interval_s: 2 }, 10_000],
  [{ health_check_interval_s: 2, list_max_age_s: 45 }, 45_000],
])("the age is a minute, or five health checks, unless it is configured: %o", (options, ms) => {
  expect(listMaxAgeMs({ list_max_age_s: undefined, ...options })).toBe(ms);
});

it.each([
  ["ends with an empty cursor", ["a", ""], 2],
  ["gives out the cursor before", ["a", "a"], 2],
  ["goes in circles", ["a", "b", "c", "a"], 4],
])("a list whose server %s has an end", async (_name, cursors, pages) => {
  const clock = new FakeClock();
  let asked = 0;
  const transport = new FakeTransport(clock, {
    peer: { ...FAKE_PEER, capabilities: { tools: {} } },
    reply: () => {
      const nextCursor = cursors[asked % cursors.length];
      asked += 1;
      return resultReply({ tools: [{ name: `t${asked}` }], nextCursor: nextCursor ?? null });
    },
  });
  const signal = new AbortController().signal;
  const observer = {
    onNotification: () => {},
    onServerRequest: async () => ({ kind: "result" as const, result: {} }),
    onLog: () => {},
    onMessage: () => {},
    onClosed: () => {},
  };
  const catalog = new ServerCatalog(new OfferFilter({}), clock);
  expect(await catalog.refresh("tools", await transport.open(observer, signal), signal)).toBe(true);
  expect(catalog.toolNames()).toHaveLength(pages);
  expect(asked).toBe(pages);
});
