import { hash } from "node:crypto";
import type { z } from "zod";
import { type ServerOptions, serverOptions } from "../options.ts";
import { serverId } from "../server-id.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { DiscoveredServer } from "./source.ts";
import type { CommonSourceOptions } from "./source-kind.ts";

/** What a server is to be run or reached with, checked. Equal fingerprints mean equal options. */
export interface Definition {
  readonly options: ServerOptions;
  readonly fingerprint: string;
}

/** What definitions are checked against. */
export interface DefinitionRules extends Pick<CommonSourceOptions, "server_modes" | "allow_addresses"> {
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

function definitionOf({ name, options }: DiscoveredServer, rules: DefinitionRules): Definition | string {
  if (!serverId.safeParse(name).success) return `the name is no id of a server: ${serverId.description}`;
  try {
    canonicalJson(options, rules.definitionCharactersMax);
  } catch (error) {
    return `the definition is too large: ${error instanceof Error ? error.message : String(error)}`;
  }
  const parsed = serverOptions.safeParse(options);
  if (!parsed.success) return describeIssues(parsed.error);
  const { mode } = parsed.data;
  if (!rules.server_modes.some((allowed) => allowed === mode)) {
    const allowed = rules.server_modes.join(", ") || "none";
    return `mode ${mode} is not allowed here: server_modes of the discovery source has ${allowed}`;
  }
  const guarded = withGuard(parsed.data, rules);
  return typeof guarded === "string" ? guarded : { options: guarded, fingerprint: fingerprintOf(guarded) };
}

/** Whoever announces a server does not decide which addresses it may have. */
function withGuard(options: ServerOptions, { allow_addresses: allow }: DefinitionRules): ServerOptions | string {
  if (options.mode !== "remote") return options;
  if (options.address_guard !== undefined) {
    return "address_guard cannot be announced: set allow_addresses of the discovery source instead";
  }
  return { ...options, address_guard: { allow } };
}

function fingerprintOf(options: ServerOptions): string {
  return hash("sha256", canonicalJson(options, Number.POSITIVE_INFINITY), "hex").slice(0, 16);
}

function describeIssues({ issues }: z.ZodError): string {
  const described = issues.slice(0, ISSUES_MAX).map(({ path, message }) => {
    const where = path.map(String).join(".");
    return where === "" ? message : `${where}: ${message}`;
  });
  const more = issues.length - described.length;
  return [...described, ...(more > 0 ? [`and ${more} more problems`] : [])].join("; ");
}
