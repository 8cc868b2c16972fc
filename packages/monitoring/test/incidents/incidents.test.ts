import { HARDEST_INCIDENTS } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import type { AlertKey } from "../../src/names.ts";
import { markdownTable } from "../../src/render/markdown.ts";
import { defaultStack } from "../defaults.ts";
import { alarming } from "./alarming.ts";
import { type Incident, keysOf, nameOf } from "./incident.ts";
import { quiet } from "./quiet.ts";

const stack = defaultStack;
const incidents = [...quiet, ...alarming];

test("there are forty incidents and more, each told once", () => {
  expect(incidents.length).toBeGreaterThanOrEqual(40);
  expect(new Set(incidents.map(({ what }) => what)).size).toBe(incidents.length);
});

test("one incident is one page: whatever fires beside it is held back by an alert that is told", () => {
  for (const { what, pages = {}, warns = {}, heldBack = [] } of incidents) {
    const told = [...keysOf(pages), ...keysOf(warns)].map(nameOf);
    expect(keysOf(pages).length, what).toBeLessThanOrEqual(1);
    // What is held back itself holds back too.
    const known = new Set<string>(told);
    for (let before = 0; before < known.size; ) {
      before = known.size;
      for (const { sources, targets } of stack.routing.inhibitions) {
        if (!sources.some((each) => known.has(each))) continue;
        for (const target of heldBack.map(nameOf)) if (targets.some((each) => each === target)) known.add(target);
      }
    }
    expect(
      heldBack.map(nameOf).filter((target) => !known.has(target)),
      what,
    ).toEqual([]);
  }
});

test("every alert that reaches a person is told, or held back, in an incident", () => {
  const met = new Set<string>(
    incidents
      .flatMap(({ pages = {}, warns = {}, heldBack = [] }) => [...keysOf(pages), ...keysOf(warns), ...heldBack])
      .map(nameOf),
  );
  const reaching = stack.alerts.filter(({ severity }) => severity === "critical" || severity === "warning");
  expect(reaching.filter(({ name }) => !met.has(name)).map(({ id }) => id)).toEqual([]);
});

test("the hardest dozen are incidents of the list, and tell of the same alerts alive", () => {
  expect(HARDEST_INCIDENTS.length).toBeGreaterThanOrEqual(12);
  expect(new Set(HARDEST_INCIDENTS.map(({ living }) => living)).size).toBe(HARDEST_INCIDENTS.length);
  const told = HARDEST_INCIDENTS.map(({ incident }) => {
    const { pages = {}, warns = {} } = incidents.find(({ what }) => what === incident) ?? { pages: { missing: 0 } };
    return [incident, [...Object.keys(pages), ...Object.keys(warns)]];
  });
  expect(told).toEqual(HARDEST_INCIDENTS.map(({ incident, told }) => [incident, [...told]]));
});

test("the table in the docs says what is played", async () => {
  await expect(page()).toMatchFileSnapshot("../../../../docs/reference/incidents.md");
});

function page(): string {
  const row = ({ what, minutes, pages = {}, warns = {}, heldBack = [] }: Incident): readonly string[] => [
    what,
    listed(pages),
    listed(warns),
    heldBack.join(", ") || "–",
    `${minutes} min`,
    HARDEST_INCIDENTS.find(({ incident }) => incident === what)?.living ?? "–",
  ];
  return [
    "# Incidents",
    "<!-- Generated from packages/monitoring/test/incidents. Do not edit: change it there and run its test with `-u`. -->",
    "Each is played through all generated rules by the oldest and the newest promtool, which have to say the same. The minute is that of the incident's film by which the alert has fired at the latest; where nothing else is said, trouble begins in the tenth. What is held back fires as well, but Alertmanager tells only the alert before it. Nothing else fires that reaches a person.",
    "*Living* is what happens to real gateways and servers for the hardest of them, while the oldest and the newest Prometheus and Alertmanager that are supported look on: both have to tell the same alerts and their end, or to stay silent. Windows are seconds long there. What takes longer however short they are is not among these, such as calls that fail one a minute, a server that is dead for one minute in four, or a breaker that opens with so few calls that nothing else fires; nor is what would have to break the machine.",
    markdownTable(["What happens", "Page", "Warning", "Held back", "Watched", "Living"], incidents.map(row)),
    "",
  ].join("\n\n");
}

function listed(told: Readonly<Partial<Record<AlertKey, number>>>): string {
  return (
    Object.entries(told)
      .map(([key, minute]) => `${key} by minute ${minute}`)
      .join(", ") || "–"
  );
}
