import type { Caller, RegisteredName, RegistrationOrigin, ServerMode, ServerRegistered } from "@mcp-hangar/telemetry";

/** Who defined a server or group: the configuration, a discovery source, or a call of the management interface. */
export type ServerOrigin = RegistrationOrigin;

/** Who defines a server or group, and where. */
export type Registration =
  /** `file` is the path of the configuration; absent when a program made it. */
  | { readonly origin: "config"; readonly file?: string | undefined }
  | { readonly origin: "discovery"; readonly source: string }
  /** `caller` is absent when a program registered it. */
  | { readonly origin: "runtime"; readonly caller?: Caller | undefined };

/** What was registered, and when. */
interface Registered {
  readonly server: RegisteredName;
  readonly mode: ServerMode;
  readonly timeMs: number;
}

/** The event of a registration. */
export function registeredEvent(registered: Registered, registration: Registration): ServerRegistered {
  const event = { type: "server.registered", ...registered } as const;
  switch (registration.origin) {
    case "config":
      return { ...event, origin: "config", source: registration.file };
    case "discovery":
      return { ...event, origin: "discovery", source: registration.source };
    case "runtime":
      return { ...event, origin: "runtime", caller: registration.caller };
  }
}
