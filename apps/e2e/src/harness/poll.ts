export * from "@mcp-hangar/testing";
