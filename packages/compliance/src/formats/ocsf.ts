import type { AuditEntry } from "../audit-entry.ts";
import type { AuditFormat } from "../format.ts";
import type { AuditField } from "./audit-fields.ts";
import { jsonText } from "./json-text.ts";
import { OcsfEvent } from "./ocsf-event.ts";
import { PRODUCT, type Product } from "./product.ts";

/** Open Cybersecurity Schema Framework: one JSON object a record. What its class has no place for stands in `unmapped`. */
export class OcsfFormat implements AuditFormat {
  readonly name = "ocsf";
  readonly mediaType = "application/x-ndjson";
  readonly #product: Product;

  constructor(product: Product = PRODUCT) {
    this.#product = product;
  }

  encode(entry: AuditEntry): string {
    return jsonText(new OcsfEvent(entry, this.#product).build());
  }
}

/** Where the fields of a tool call stand, for the reference; other classes have fewer places. */
const PLACES: Partial<Readonly<Record<AuditField, string>>> = {
  id: "metadata.uid",
  time: "time (ms), metadata.original_time",
  instance: "metadata.log_source",
  type: "metadata.type",
  code: "metadata.event_code",
  action: "api.operation",
  reason: "status_detail",
  "actor.id": "actor.user.name",
  "actor.credential": "actor.user.uid",
  "actor.token_issuer": "actor.idp.issuer",
  "actor.address": "src_endpoint.ip, src_endpoint.name",
  "actor.user_agent": "http_request.user_agent",
  "actor.client_name": "actor.application.name",
  "actor.client_version": "actor.application.version",
  "actor.session_id": "actor.session.uid",
  "target.kind": "resources[].type",
  "target.server": "api.service.name",
  "target.name": "resources[].name",
  "decision.by": "policy.name",
  trace_id: "trace.uid",
  span_id: "trace.span.uid",
  correlation_id: "metadata.correlation_uid",
  rpc_error_code: "status_code",
  "usage.model": "ai_model.name",
  "usage.input_tokens": "message_context.prompt_tokens",
  "usage.output_tokens": "message_context.completion_tokens",
  message: "message",
  sequence: "metadata.sequence",
  hash: "attestation_list[].fingerprint.value",
};

/** Where a field stands, for the reference. */
export function ocsfPlace(field: AuditField): string {
  return PLACES[field] ?? `unmapped.${field}`;
}
