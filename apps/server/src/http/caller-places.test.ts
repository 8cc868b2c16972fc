import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type Caller, registeredName } from "@mcp-hangar/telemetry";
import { afterEach, describe, expect, it } from "vitest";
import { CallerPlaces } from "./caller-places.ts";

const DEADLINE = { timeout: 60_000 };
const opened: { close(): void }[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

type Send = (credential: string) => Promise<{ readonly admitted: boolean; readonly response: ServerResponse }>;

/** A server that asks for a place for each request, and answers none. */
async function server(places: CallerPlaces, type: Caller["type"] = "api_key"): Promise<Send> {
  const arrived: ((request: Awaited<ReturnType<Send>>) => void)[] = [];
  const listening = createServer((request, response) => {
    const caller: Caller = {
      type,
      id: registeredName("ann"),
      roles: [],
      credential: String(request.headers["x-credential"]),
    };
    const admitted = places.refusal(request, response, caller) === undefined;
    arrived.shift()?.({ admitted, response });
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  opened.push({
    close() {
      listening.close();
      listening.closeAllConnections();
    },
  });
  const { port } = listening.address() as AddressInfo;
  return (credential) => {
    const sent = new Promise<Awaited<ReturnType<Send>>>((resolve) => arrived.push(resolve));
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    opened.push({ close: () => socket.destroy() });
    socket.write(`GET / HTTP/1.1\r\nhost: a\r\nx-credential: ${credential}\r\n\r\n`);
    return sent;
  };
}

function placesOf(total: number, perAddress: number, isProxy = false): { places: CallerPlaces; refused: () => number } {
  let refused = 0;
  const options = {
    limits: () => ({ total, perAddress, reserved: 64 }),
    isProxy: () => isProxy,
    onRefusal: () => refused++,
  };
  return { places: new CallerPlaces(options), refused: () => refused };
}

async function times(count: number, send: () => ReturnType<Send>): Promise<readonly ServerResponse[]> {
  const admitted: ServerResponse[] = [];
  for (let index = 0; index < count; index++) {
    const { admitted: isAdmitted, response } = await send();
    if (isAdmitted) admitted.push(response);
  }
  return admitted;
}

describe("open requests of one caller", () => {
  it.each([
    ["from one address", placesOf(1_000, 20), 16],
    ["in all, behind a proxy", placesOf(20, 5, true), 16],
    ["where there is one place", placesOf(1, 1), 1],
  ])(
    "%s leave room for others, and for itself again when they are answered",
    async (_what, { places, refused }, most) => {
      const send = await server(places);
      const first = await times(25, () => send("ann"));
      expect(first).toHaveLength(most);
      expect(refused()).toBe(25 - most);
      expect(await times(1, () => send("bob"))).toHaveLength(1);
      for (const response of first) response.end();
      await expect.poll(() => first.every(({ closed }) => closed), DEADLINE).toBe(true);
      expect((await times(25, () => send("ann"))).length).toBeGreaterThanOrEqual(Math.min(most, 15));
    },
  );

  it("are fewer while others have many, and everybody has one", async () => {
    const { places } = placesOf(1_000, 100);
    const send = await server(places);
    const held: number[] = [];
    for (const name of ["ann", "bob", "cem", "dee"]) held.push((await times(100, () => send(name))).length);
    expect(held).toEqual([80, 16, 4, 1]);
  });

  it("are not bounded where nobody says who they are: one address is one caller", async () => {
    const { places } = placesOf(1_000, 20);
    const send = await server(places, "anonymous");
    expect(await times(25, () => send("anonymous"))).toHaveLength(25);
  });
});
