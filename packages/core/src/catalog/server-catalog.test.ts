import { expect, it } from "vitest";
import type { JsonObject } from "../protocol/json-rpc.ts";
import { FAKE_PEER, FakeClock, FakeTransport, resultReply } from "../testing/index.ts";
import type { SessionObserver, UpstreamSession } from "../transports/session.ts";
import { LIST_KINDS, LISTS, type ListKind } from "./lists.ts";
import { OfferFilter } from "./offer-filter.ts";
import { ServerCatalog } from "./server-catalog.ts";

const NOW = new AbortController().signal;
const clock = new FakeClock();
const RULES = {
  tools: { deny: ["secret*"] },
  prompts: { deny: ["secret*"] },
  resources: { deny: ["secret*"] },
};

const SILENT: SessionObserver = {
  onNotification: () => {},
  onServerRequest: async () => ({ kind: "result", result: {} }),
  onLog: () => {},
  onMessage: () => {},
  onClosed: () => {},
};

/** A session whose lists all have items of these names, as URIs too. */
async function sessionWith(names: () => readonly string[], more: JsonObject = {}): Promise<UpstreamSession> {
  const transport = new FakeTransport(clock, {
    peer: { ...FAKE_PEER, capabilities: { tools: {}, prompts: {}, resources: {} } },
    reply: ({ method }) => {
      const list = LIST_KINDS.find((each) => LISTS[each].method === method) ?? "tools";
      const { key, identity } = LISTS[list];
      return resultReply({ [key]: names().map((name) => ({ name, ...more, [identity]: name })) });
    },
  });
  return transport.open(SILENT, NOW);
}

const catalogWith = (rules: object, onFaults: (list: ListKind, faults: unknown) => void = () => {}): ServerCatalog =>
  new ServerCatalog(new OfferFilter(rules), clock, { onFaults, onRedefined: () => {} });

const known = (catalog: ServerCatalog, list: ListKind): unknown =>
  catalog.known(list)?.map((item) => item[LISTS[list].identity]);

it.each(LIST_KINDS)("%s that the rules hide are in no list, and are told of to nobody", async (list) => {
  let names = ["open", "secret"];
  const faulty: unknown[] = [];
  const catalog = catalogWith(RULES, (_list, faults) => faulty.push(faults));
  // A description that is no text is mended.
  const session = await sessionWith(() => names, { description: 7 });
  expect(await catalog.refresh(list, session, NOW)).toBe(true);
  expect(known(catalog, list)).toEqual(["open"]);
  expect(JSON.stringify([faulty, catalog.faults(list)])).not.toContain("secret");
  expect(catalog.faults(list)).toMatchObject({ mended: 1 });
  expect([catalog.hides(list, "open"), catalog.hides(list, "secret"), catalog.hides(list, "secret/other")]).toEqual([
    false,
    true,
    true,
  ]);
  names = ["open", "secret", "secret2"];
  expect(await catalog.refresh(list, session, NOW)).toBe(false);
  names = ["open", "other", "secret2"];
  expect(await catalog.refresh(list, session, NOW)).toBe(true);
  expect(catalog.changed(list)).toEqual(new Set(["other"]));
});

it.each(LIST_KINDS)(
  "%s are taken over from another catalog under other rules, with those that it hid",
  async (list) => {
    const old = catalogWith(RULES);
    await old.refresh(list, await sessionWith(() => ["open", "secret"]), NOW);
    const next = catalogWith({ tools: { deny: ["open"] }, prompts: { deny: ["open"] }, resources: { deny: ["open"] } });
    next.inherit(old);
    expect(known(next, list)).toEqual(["secret"]);
    const free = catalogWith({});
    free.inherit(next);
    expect(known(free, list)).toEqual(["open", "secret"]);
    expect(list !== "tools" || free.tool("secret") === "secret").toBe(true);
  },
);
