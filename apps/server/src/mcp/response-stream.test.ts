import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { LOCAL_CALLER } from "@mcp-hangar/core";
import { FakeClock } from "@mcp-hangar/core/testing";
import { expect, it } from "vitest";
import { Traffic } from "../http/traffic.ts";
import { ResponseStream } from "./response-stream.ts";

it("ends when the client may not have it any more, and says so", async () => {
  const clock = new FakeClock();
  let mayStay = true;
  const http = createServer((request, response) => {
    const exchange = new Traffic().exchange(request, response, LOCAL_CALLER);
    new ResponseStream(response, { acceptsEvents: true, mayStay: () => mayStay, exchange }, clock).open();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  try {
    // A TCP server's address is an AddressInfo once it listens.
    const { body } = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    clock.advance(15_000);
    mayStay = false;
    clock.advance(15_000);
    expect(await new Response(body).text()).toBe(": keep-alive\n\n: access has ended\n\n");
    expect(clock.pendingTimers).toBe(0);
  } finally {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
});
