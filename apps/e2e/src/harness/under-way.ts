import { poll } from "@mcp-hangar/testing";
import type { HttpGateway } from "./gateway-process.ts";
import { rest } from "./reloading.ts";

/**
 * Waits until a call is under way at a server. A server that runs already has got it then, or will before anything that
 * is sent later: the gateway writes it in the turn in which it counts it.
 */
export async function callUnderWay(gateway: HttpGateway, server: string): Promise<void> {
  await poll(`a call under way at ${server}`, async () => {
    const { body } = await rest(gateway, "GET", `/api/mcp_servers/${server}`);
    return Number(body.in_flight) > 0;
  });
}
