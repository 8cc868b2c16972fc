import { isIP } from "node:net";
import type { AuditEntry } from "../audit-entry.ts";
import { AUDIT_FIELDS, type AuditField, type FieldValue, fieldOf } from "./audit-fields.ts";
import { fieldText } from "./field-text.ts";
import { type Draft, setAt } from "./json-path.ts";
import { type OcsfClass, ocsfClass } from "./ocsf-class.ts";
import { describeType, type Product } from "./product.ts";

/** The version of the Open Cybersecurity Schema Framework. */
const OCSF_VERSION = "1.9.0";

const SEVERITIES = ["Unknown", "Informational", "Low", "Medium", "High", "Critical"] as const;
const STATUSES: Readonly<Record<string, { readonly id: number; readonly name: string }>> = {
  success: { id: 1, name: "Success" },
  failure: { id: 2, name: "Failure" },
  denied: { id: 2, name: "Failure" },
  cancelled: { id: 99, name: "Cancelled" },
};
const UNKNOWN_STATUS = { id: 0, name: "Unknown" };
/** Types of users: the gateway by itself, and those of whom nothing is proved; for others it is the type of the caller. */
const USER_TYPES: Readonly<Record<string, number>> = { system: 3, unknown: 0, anonymous: 0 };
const OTHER = 99;

/** One event on its way. What is taken out of the record has a place; what is left at the end is `unmapped`. */
export class OcsfEvent {
  readonly #entry: AuditEntry;
  readonly #product: Product;
  readonly #class: OcsfClass;
  readonly #event: Draft = {};
  readonly #taken = new Set<AuditField>();
  readonly #profiles = new Set<string>();

  constructor(entry: AuditEntry, product: Product) {
    this.#entry = entry;
    this.#product = product;
    this.#class = ocsfClass(entry.record);
  }

  /** The event as JSON will have it; called once. */
  build(): Draft {
    this.#addBase();
    this.#addIntegrity();
    this.#addActor();
    switch (this.#class.name) {
      case "API Activity":
        this.#addApi();
        break;
      case "Authentication":
        this.#addAuthentication();
        break;
      case "Application Lifecycle":
        this.#addApplication();
        break;
      case "Base Event":
        break;
    }
    this.#addRest();
    return this.#event;
  }

  /** The value of a field, which has a place with that. */
  #take(field: AuditField): FieldValue | undefined {
    this.#taken.add(field);
    return fieldOf(this.#entry, field);
  }

  #place(field: AuditField, path: string): void {
    setAt(this.#event, path, this.#take(field));
  }

  #addBase(): void {
    const { record } = this.#entry;
    const { category, uid, name, activity } = this.#class;
    const severity = severityId(record.severity);
    const status = STATUSES[record.outcome] ?? UNKNOWN_STATUS;
    const { vendor, name: product, version } = this.#product;
    const time = Date.parse(record.time);
    Object.assign(this.#event, {
      metadata: { version: OCSF_VERSION, product: { vendor_name: vendor, name: product, version } },
      category_uid: category.uid,
      category_name: category.name,
      class_uid: uid,
      class_name: name,
      activity_id: activity.id,
      activity_name: activity.name,
      type_uid: uid * 100 + activity.id,
      type_name: `${name}: ${activity.name}`,
      time,
      severity_id: severity,
      severity: SEVERITIES[severity],
      status_id: status.id,
      status: status.name,
      message: describeType(record),
    });
    this.#place("id", "metadata.uid");
    this.#place("time", "metadata.original_time");
    this.#place("instance", "metadata.log_source");
    this.#place("type", "metadata.type");
    this.#place("code", "metadata.event_code");
    this.#place("correlation_id", "metadata.correlation_uid");
    this.#place("sequence", "metadata.sequence");
    this.#place("reason", "status_detail");
    this.#place("message", "message");
    setAt(this.#event, "status_code", asText(this.#take("rpc_error_code")));
    // Whole milliseconds; with its decimals it is unmapped.
    const duration = record.duration_ms;
    if (duration === undefined || !(duration >= 0)) return;
    setAt(this.#event, "duration", Math.round(duration));
    setAt(this.#event, "start_time", Math.round(time - duration));
    setAt(this.#event, "end_time", time);
  }

  /** The hash is that of the record in its journal, and not of this text: its serialisation says so. */
  #addIntegrity(): void {
    const value = this.#take("hash");
    if (value === undefined) return;
    const { instance } = this.#entry.record;
    this.#profiles.add("record_integrity");
    const fingerprint = {
      algorithm_id: 3,
      algorithm: "SHA-256",
      encoding_id: 1,
      encoding: "Hex",
      serialization_id: OTHER,
      serialization: "MCP Hangar journal",
      value,
    };
    setAt(this.#event, "attestation_list", [{ authority_uid: instance, chain_uid: instance, fingerprint }]);
  }

  #addActor(): void {
    const { actor } = this.#entry.record;
    const isActing = actor.type !== "system" || this.#class.name === "API Activity";
    if (!isActing) return;
    // The two classes that say nothing of actors have them from a profile.
    if (this.#class.name === "Application Lifecycle" || this.#class.name === "Base Event") this.#profiles.add("host");
    setAt(this.#event, "actor.user", this.#user());
    // An application has a name at least.
    if (this.#entry.record.actor.client_name) {
      this.#place("actor.client_name", "actor.application.name");
      this.#place("actor.client_version", "actor.application.version");
    }
    this.#place("actor.session_id", "actor.session.uid");
    setAt(this.#event, "actor.idp", issuerOf(this.#take("actor.token_issuer")));
    this.#addAgent();
  }

  #user(): Draft {
    const { type, id, credential } = this.#entry.record.actor;
    const typeId = USER_TYPES[type] ?? OTHER;
    this.#take("actor.id");
    this.#take("actor.credential");
    return {
      name: id || type,
      ...(credential && { uid: credential }),
      type_id: typeId,
      type: USER_TYPE_NAMES[typeId] ?? type,
    };
  }

  /** Who acts on the subject's behalf is an agent under the authority that the token's issuer gave. */
  #addAgent(): void {
    const { actor, target, usage } = this.#entry.record;
    if (this.#class.name === "Base Event") return;
    const [agent] = actor.token_actors ?? [];
    if (agent !== undefined) {
      this.#profiles.add("ai_operation");
      setAt(this.#event, "ai_agent", { uid: agent, name: agent });
      if (actor.credential) {
        setAt(this.#event, "delegation", { uid: actor.credential, ...present("issuer_uid", actor.token_issuer) });
      }
    }
    if (usage?.model) {
      this.#take("usage.model");
      this.#profiles.add("ai_operation");
      setAt(this.#event, "ai_model", { name: usage.model, ai_provider: "Unknown" });
    }
    if (usage?.input_tokens === undefined && usage?.output_tokens === undefined) return;
    this.#profiles.add("ai_operation");
    setAt(this.#event, "message_context.service.name", target.server ?? this.#product.name);
    this.#place("usage.input_tokens", "message_context.prompt_tokens");
    this.#place("usage.output_tokens", "message_context.completion_tokens");
  }

  #addApi(): void {
    // Required, and an empty one is none.
    setAt(this.#event, "api.operation", this.#take("action") ?? this.#entry.record.type);
    this.#place("target.server", "api.service.name");
    this.#addSource();
    this.#place("actor.user_agent", "http_request.user_agent");
    const type = this.#take("target.kind");
    const name = this.#take("target.name");
    setAt(this.#event, "resources", [{ type, name: name ?? type }]);
    this.#addTrace();
    this.#addDecision();
  }

  #addTrace(): void {
    const { trace_id: uid, span_id: span } = this.#entry.record;
    if (!uid) return;
    this.#profiles.add("trace");
    this.#place("trace_id", "trace.uid");
    const { start_time, end_time } = this.#event;
    if (!span || start_time === undefined) return;
    this.#take("span_id");
    setAt(this.#event, "trace.span", { uid: span, start_time, end_time });
  }

  #addDecision(): void {
    const { decision, outcome } = this.#entry.record;
    if (decision === undefined && outcome !== "denied") return;
    this.#profiles.add("security_control");
    const isDenied = outcome === "denied" || decision?.result === "denied";
    Object.assign(this.#event, {
      action_id: isDenied ? 2 : 1,
      action: isDenied ? "Denied" : "Allowed",
      disposition_id: isDenied ? 2 : 1,
      disposition: isDenied ? "Blocked" : "Allowed",
    });
    this.#place("decision.by", "policy.name");
  }

  #addAuthentication(): void {
    setAt(this.#event, "user", this.#user());
    const { name } = this.#product;
    setAt(this.#event, "service", { name });
    this.#place("actor.user_agent", "http_request.user_agent");
    this.#addSource();
    if (this.#entry.record.target.kind === "session") this.#place("target.name", "session.uid");
  }

  #addApplication(): void {
    const server = this.#take("target.server");
    const name = server ?? this.#product.name;
    // 1.9.0 puts the second in the place of the first, which readers of 1.8 know.
    setAt(this.#event, "app", { name });
    setAt(this.#event, "application", { name });
  }

  /** API Activity wants to know from where; a pipe has no address. */
  #addSource(): void {
    const { address, transport } = this.#entry.record.actor;
    this.#take("actor.address");
    const isAddress = address !== undefined && isIP(address) !== 0 && !address.includes("%");
    setAt(this.#event, "src_endpoint", isAddress ? { ip: address } : { name: address || (transport ?? "unknown") });
  }

  #addRest(): void {
    for (const field of AUDIT_FIELDS) {
      if (!this.#taken.has(field)) setAt(this.#event, `unmapped.${field}`, fieldOf(this.#entry, field));
    }
    if (this.#profiles.size > 0) setAt(this.#event, "metadata.profiles", [...this.#profiles].sort());
  }
}

const USER_TYPE_NAMES: Readonly<Record<number, string>> = { 0: "Unknown", 3: "System" };

/** 0–2 is informational, 3–4 low, 5–6 medium, 7–8 high, 9–10 critical. */
function severityId(severity: number): number {
  if (!(severity >= 0)) return 0;
  if (severity <= 2) return 1;
  if (severity <= 4) return 2;
  if (severity <= 6) return 3;
  return severity <= 8 ? 4 : 5;
}

function issuerOf(issuer: FieldValue | undefined): Draft | undefined {
  return issuer === undefined ? undefined : { name: issuer, issuer };
}

function asText(value: FieldValue | undefined): string | undefined {
  return value === undefined ? undefined : fieldText(value);
}

function present(name: string, value: string | undefined): Draft {
  return value ? { [name]: value } : {};
}
