import { expect, test } from "vitest";
import { defaultStack } from "./defaults.ts";

const stack = defaultStack;

function dashboard(uid: string) {
  const found = stack.dashboards.find((each) => each.uid === uid);
  if (found === undefined) throw new Error(`there is no dashboard ${uid}`);
  return found;
}

/** Which variables of which dashboard a click on some panel fills. */
function clicks(uid: string): readonly string[] {
  const found = dashboard(uid).panels.flatMap(({ drillDown }) => {
    return drillDown === undefined ? [] : [`${drillDown.uid}: ${Object.keys(drillDown.variables).sort().join(", ")}`];
  });
  return [...new Set(found)];
}

test("clicks lead from the overview to a server, and from a server to a tool", () => {
  const details = "mcp-hangar-mcp-server-details";
  expect(clicks("mcp-hangar-overview")).toContain(`${details}: mcp_server`);
  expect(clicks(details)).toContain(`${details}: mcp_server, tool`);
  const variables = dashboard(details).variables.map(({ name }) => name);
  expect(variables).toEqual(expect.arrayContaining(["mcp_server", "tool"]));
});

test("every dashboard links to all others", () => {
  const uids = stack.dashboards.map(({ uid }) => uid);
  for (const { uid, links } of stack.dashboards) {
    const linked = links.flatMap(({ to }) => ("uid" in to ? [to.uid] : []));
    expect(linked.toSorted(), uid).toEqual(uids.filter((other) => other !== uid).toSorted());
  }
});

test("starts, reloads, state changes and firing alerts are marked where somebody looks for a cause", () => {
  const marked = (uid: string): readonly string[] => dashboard(uid).annotations.map(({ name }) => name);
  const everywhere = ["Gateway start", "Configuration reload", "Firing alerts"];
  expect(marked("mcp-hangar-overview")).toEqual(expect.arrayContaining([...everywhere, "Server degraded or dead"]));
  expect(marked("mcp-hangar-mcp-server-details")).toEqual(
    expect.arrayContaining([...everywhere, "Server state change"]),
  );
  expect(marked("mcp-hangar-telemetry")).toEqual(expect.arrayContaining(everywhere));
});
