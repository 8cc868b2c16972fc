import { expect, test } from "vitest";
import { countedCalls } from "./observed.ts";

test("calls are added up over servers, tools and statuses, and nothing else is", () => {
  const text = [
    "# TYPE mcp_hangar_tool_calls_total counter",
    `mcp_hangar_tool_calls_total{mcp_server="a",tool="x",status="success"} 3`,
    `mcp_hangar_tool_calls_total{mcp_server="a",tool="x",status="error"} 1`,
    `mcp_hangar_tool_calls_total{mcp_server="b",tool="y",status="success"} 1e3`,
    `mcp_hangar_tool_call_errors_total{mcp_server="a",tool="x",error_type="timeout"} 7`,
    "",
  ].join("\n");
  expect(countedCalls(text)).toBe(1_004);
});
