import { auditRecord, CEFExporter } from "@mcp-hangar/compliance";

const exporter = new CEFExporter({ output: { file: "audit.cef" } });
exporter.export(
  auditRecord({
    type: "tool.call.denied",
    action: "call",
    outcome: "denied",
    actor: { type: "jwt", id: "ada" },
    target: { kind: "tool", server: "billing", name: "refund" },
  }),
);
await exporter.close(5_000);
