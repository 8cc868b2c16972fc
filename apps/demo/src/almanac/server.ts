import { type CallToolResult, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { greatCircle } from "./distance.ts";
import { sunTimes } from "./sun.ts";
import { convert, UNIT_NAMES } from "./units.ts";

const latitude = z.number().min(-90).max(90).describe("Degrees, north positive.");
const longitude = z.number().min(-180).max(180).describe("Degrees, east positive.");
const unit = z.enum(UNIT_NAMES);

/** An MCP server that computes: sun times, distances and units. It keeps nothing between requests. */
export function almanacServer(): McpServer {
  const server = new McpServer({ name: "almanac", version: "1.0.0" });
  server.registerTool(
    "sun_times",
    {
      description: "Sunrise, solar noon, sunset and day length at a place on a day, in UTC.",
      inputSchema: z.object({ latitude, longitude, date: z.iso.date().describe("Such as 2026-06-21.") }),
    },
    ({ latitude, longitude, date }) => {
      const times = sunTimes({ latitude, longitude }, new Date(`${date}T12:00:00Z`));
      const solarNoon = iso(times.noon);
      if (times.kind !== "rises") return structured({ kind: times.kind, solar_noon: solarNoon });
      const { sunrise, sunset, dayMinutes } = times;
      return structured({ sunrise: iso(sunrise), solar_noon: solarNoon, sunset: iso(sunset), day_minutes: dayMinutes });
    },
  );
  server.registerTool(
    "distance",
    {
      description: "Great-circle distance between two places and the bearing at the start.",
      inputSchema: z.object({ from: z.object({ latitude, longitude }), to: z.object({ latitude, longitude }) }),
    },
    ({ from, to }) => {
      const { kilometres, bearing } = greatCircle(from, to);
      return structured({ kilometres: round(kilometres), bearing_degrees: round(bearing) });
    },
  );
  server.registerTool(
    "convert_units",
    {
      description: "Converts lengths, masses and temperatures.",
      inputSchema: z.object({ value: z.number(), from: unit, to: unit }),
    },
    ({ value, from, to }) => {
      const converted = convert(value, from, to);
      if (converted === undefined) return failed(`${from} and ${to} measure different things`);
      return structured({ value: converted, unit: to });
    },
  );
  return server;
}

function structured(value: Record<string, unknown>): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
}

function failed(text: string): CallToolResult {
  return { content: [{ type: "text", text }], isError: true };
}

function iso(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, "Z");
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
