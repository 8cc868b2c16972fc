import { hash } from "node:crypto";
import type { z } from "zod";
import { type ServerOptions, serverOptions } from "../options.ts";
import { serverId } from "../server-id.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { DiscoveredServer } from "./source.ts";
import type { CommonSourceOptions } from "./source-kind.ts";

/** What a server is to be run or reached with, checked. */
export interface Definition {
  /** Not guarded yet: {@link guarded} makes of them what is used. */
  readonly options: ServerOptions;
  /** Of what was announced, its revision included: it survives updates of the gateway that change defaults, and so do approvals. */
  readonly fingerprint: string;
}

/** What a source may announce. */
export type AnnouncementRules = Pick<CommonSourceOptions, "server_modes" | "allow_addresses">;

/** What definitions are checked against. */
export interface DefinitionRules extends AnnouncementRules {
  readonly definitionCharactersMax: number;
}

/** A name may be shown even if it cannot be an id, but not at any length. */
const NAME_CHARACTERS_MAX = 100;
/** Problems worth showing: one wrong word can make many. */
const ISSUES_MAX = 5;

/** An announcement that was read: what it defines, or why that is of no use. */
export interface Announcement {
  readonly name: string;
  readonly location: string;
  readonly content:
    | { readonly kind: "definition"; readonly definition: Definition }
    | { readonly kind: "problem"; readonly problem: string };
}

/** Checks what a source announces: whoever can label a container must not gain more than the source may give. */
export function readAnnouncement(server: DiscoveredServer, rules: DefinitionRules): Announcement {
  const outcome = server.problem ?? definitionOf(server, rules);
  return {
    name: server.name.slice(0, NAME_CHARACTERS_MAX),
    location: server.location.slice(0, 1_000),
    content:
      typeof outcome === "string"
        ? { kind: "problem", problem: outcome.slice(0, 1_000) }
        : { kind: "definition", definition: outcome },
  };
}

function definitionOf({ name, options, revision = "" }: DiscoveredServer, rules: DefinitionRules): Definition | string {
  if (!serverId.safeParse(name).success) return `the name is no id of a server: ${serverId.description}`;
  let text: string;
  try {
    text = canonicalJson(options, rules.definitionCharactersMax);
  } catch (error) {
    return `the definition is too large: ${error instanceof Error ? error.message : String(error)}`;
  }
  const parsed = serverOptions.safeParse(options);
  if (!parsed.success) return describeIssues(parsed.error);
  const definition = { options: parsed.data, fingerprint: hash("sha256", `${text}\n${revision}`, "hex").slice(0, 16) };
  if ("address_guard" in parsed.data && parsed.data.address_guard !== undefined) {
    return "address_guard cannot be announced: set allow_addresses of the discovery source instead";
  }
  return objectionTo(definition, rules) ?? definition;
}

/** Why a source may not announce the definition; `undefined` when it may. */
export function objectionTo({ options }: Definition, { server_modes: modes }: AnnouncementRules): string | undefined {
  const { mode } = options;
  if (!modes.some((allowed) => allowed === mode)) {
    const allowed = modes.join(", ") || "none";
    return `mode ${mode} is not allowed here: server_modes of the discovery source has ${allowed}`;
  }
  // Who may run programs reads files anyway. Others could have the gateway prove to any server that it is the gateway.
  const runsPrograms = modes.some((allowed) => allowed !== "remote");
  if (mode !== "remote" || runsPrograms) return undefined;
  const file = (["ca_file", "cert_file", "key_file"] as const).find((key) => options.tls?.[key] !== undefined);
  if (file === undefined) return undefined;
  return `tls.${file} is not allowed here: server_modes of the discovery source has remote servers only, which get no files of the gateway; define the server in the configuration instead`;
}

/** The options with the addresses that the source allows: whoever announces a server does not decide about them. */
export function guarded({ options }: Definition, { allow_addresses: allow }: AnnouncementRules): ServerOptions {
  return options.mode === "remote" ? { ...options, address_guard: { allow } } : options;
}

function describeIssues({ issues }: z.ZodError): string {
  const described = issues.slice(0, ISSUES_MAX).map(({ path, message }) => {
    const where = path.map(String).join(".");
    return where === "" ? message : `${where}: ${message}`;
  });
  const more = issues.length - described.length;
  return [...described, ...(more > 0 ? [`and ${more} more problems`] : [])].join("; ");
}
