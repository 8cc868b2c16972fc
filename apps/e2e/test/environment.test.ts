// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { readFileSync } from "node:fs";
import { processesMarked } from "@mcp-hangar/testing";
import { expect, test } from "vitest";
import { startGateway } from "../src/harness/gateway-process.ts";
import { reloadByRest } from "../src/harness/reloading.ts";
import { nodeServer } from "../src/harness/upstreams.ts";
import { modernRequest, textOf } from "../src/harness/wire-client.ts";
import { fixtureFile } from "../src/harness/workspace.ts";

const SECRETS = { LEDGER: "correct horse battery", LATER: "staple-and-more", NOBODYS_PASSWORD: "of-nobody-named" };

/** What the kernel shows of the environment with which a process was started. */
const environmentOf = (pid: number): readonly string[] => readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");

test("servers of the same user cannot read the gateway's secrets in its environment, and get what they are given", {
  tags: ["linux"],
}, async () => {
  const marker = `environment-${process.pid}`;
  const server = (env: object): Record<string, unknown> => ({
    ...nodeServer(fixtureFile("misbehaving/stdio.ts"), marker),
    env,
  });
  const harmless = { PLAIN: "/srv/data" };
  await using gateway = await startGateway(
    { mcp_servers: { works: server({ GIVEN: "${LEDGER}", PLAIN: "${PLAIN}" }) } },
    { ...SECRETS, ...harmless },
  );
  const call = async (): Promise<string> =>
    textOf((await modernRequest(gateway.mcpUrl("works"), "tools/call", { name: "ok", arguments: {} })).message);
  expect(await call()).toBe("ok");
  const { pid } = gateway.process;
  const shown = environmentOf(pid);
  expect(shown).toEqual(expect.arrayContaining(["LEDGER=", "LATER=", "NOBODYS_PASSWORD=", "PLAIN=/srv/data"]));
  const given = processesMarked(marker).map((each) =>
    environmentOf(each).filter((entry) => entry.startsWith("GIVEN=")),
  );
  expect(given).toContainEqual([`GIVEN=${SECRETS.LEDGER}`]);

  // The gateway itself has them as before, those of a later configuration too.
  const next = { works: server({ GIVEN: "${LEDGER} ${LATER}" }) };
  expect((await reloadByRest(gateway, { mcp_servers: next })).status).toBe(200);
  expect(await call()).toBe("ok");
  const environments = processesMarked(marker).flatMap((each) => environmentOf(each));
  expect(environments).toContain(`GIVEN=${SECRETS.LEDGER} ${SECRETS.LATER}`);
  for (const secret of Object.values(SECRETS)) expect(environmentOf(pid).join()).not.toContain(secret);
  expect(gateway.events("environment_visible")).toEqual([]);
});
