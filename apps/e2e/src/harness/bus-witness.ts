import { appendFileSync } from "node:fs";
import { auditRecordOf, EventIds, type HangarEvent, TelemetryBus } from "@mcp-hangar/telemetry";
import type { WitnessedEvent } from "./witness.ts";

/**
 * Loaded into the process of a gateway before the gateway itself (`--import`): writes every event of its bus to a file, with the audit
 * record that an exporter would make of it, one JSON object a line. It stands where an exporter stands, and knows no more.
 */
const file = process.env.HANGAR_TEST_WITNESS;
const witnessed = new WeakSet<TelemetryBus>();
const waiting: HangarEvent[] = [];
/** The ids of the gateway itself: known once it has asked for one. */
let ids: EventIds | undefined;

// A method that is called with its own object below.
const on = Reflect.get(TelemetryBus.prototype, "on") as TelemetryBus["on"];
TelemetryBus.prototype.on = function (name, listener) {
  if (!witnessed.has(this)) {
    witnessed.add(this);
    on.call(this, "witness", (event) => {
      waiting.push(event);
      write();
    });
  }
  return on.call(this, name, listener);
};

const idOf = Reflect.get(EventIds.prototype, "of") as EventIds["of"];
EventIds.prototype.of = function (event) {
  remember(this);
  return idOf.call(this, event);
};

function remember(own: EventIds): void {
  ids ??= own;
}

function write(): void {
  const known = ids;
  if (known === undefined || file === undefined) return;
  const lines = waiting.splice(0).map((event) => {
    const id = idOf.call(known, event);
    const written: WitnessedEvent = {
      type: event.type,
      id,
      effect: event.type === "operation.finished" ? event.effect : undefined,
      record: auditRecordOf(event, { id, instance: "witness" }),
    };
    return `${JSON.stringify(written)}\n`;
  });
  appendFileSync(file, lines.join(""));
}
