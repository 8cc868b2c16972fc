import type { PaletteColour } from "./palette.ts";

/**
 * The same outcome has the same colour on every panel: green is well, red to yellow is a failure of the gateway or of a
 * server, blue and purple are what callers and operators do. Values of one enumeration have different colours.
 */
const COLOUR_OF: Readonly<Record<string, PaletteColour>> = {
  // Outcomes of calls, batches, health checks, starts and reloads.
  success: "green",
  healthy: "green",
  error: "red",
  failure: "red",
  unhealthy: "red",
  partial: "orange",
  timeout: "yellow",
  rejected: "blue",
  validation_error: "blue",
  cancelled: "purple",
  skipped: "grey",
  // Why calls fail.
  connection: "red",
  tool_error: "orange",
  start_failed: "brown",
  circuit_open: "sky",
  overloaded: "blue",
  upstream_error: "purple",
  // Answers of the server, like the one before: one class.
  upstream_rejected: "purple",
  upstream_auth: "purple",
  protocol: "pink",
  // The gateway's own two are one class, too.
  audit_unavailable: "grey",
  internal: "grey",
  // What became of items of lists.
  mended: "yellow",
  left_out: "red",
  // Why calls are refused.
  access_denied: "red",
  unauthenticated: "orange",
  unknown_tool: "yellow",
  rate_limited: "blue",
  invalid_request: "purple",
  // Why somebody is not let in; keys and tokens have one colour each.
  permission: "red",
  not_reached: "orange",
  insufficient_scope: "brown",
  issuer_unavailable: "pink",
  no_credentials: "blue",
  locked_out: "blue",
  address_limited: "blue",
  several_credentials: "sky",
  unusable_credentials: "sky",
  api_keys_not_accepted: "sky",
  unusable_caller_id: "yellow",
  host: "grey",
  origin: "grey",
  client_left: "grey",
  // How definitions of tools change.
  changed: "orange",
  added: "blue",
  removed: "purple",
  // What clients ask for beside tool calls; what is about one thing has one colour.
  initialize: "sky",
  "server/discover": "sky",
  ping: "grey",
  "logging/setLevel": "grey",
  "tools/list": "blue",
  "prompts/list": "purple",
  "prompts/get": "purple",
  "resources/list": "brown",
  "resources/templates/list": "brown",
  "resources/read": "brown",
  "resources/subscribe": "yellow",
  "resources/unsubscribe": "yellow",
  "subscriptions/listen": "yellow",
  "completion/complete": "green",
  "tasks/get": "orange",
  "tasks/result": "orange",
  "tasks/list": "orange",
  "tasks/cancel": "orange",
  // Bytes.
  sent: "blue",
  received: "green",
  // Tokens that were read and written, and currencies.
  input: "blue",
  output: "green",
  USD: "green",
  EUR: "blue",
  GBP: "purple",
  JPY: "orange",
  CNY: "red",
  // Why batches are cut short.
  fail_fast: "orange",
  client: "purple",
  // Sessions, beside those that are idle.
  in_use: "green",
  // Why servers stop and are collected.
  crashed: "red",
  idle: "blue",
  requested: "sky",
  reload: "purple",
  shutdown: "grey",
  expired: "purple",
  // Why clients are refused something.
  buffered_bytes: "red",
  unread_answer: "orange",
  connections: "blue",
  subscriptions: "green",
  // Messages as the gateway sends and receives them.
  "sent request": "blue",
  "received response": "green",
  "received request": "purple",
  "sent response": "sky",
  "sent notification": "grey",
  "received notification": "pink",
  "sent error": "brown",
  "received error": "red",
  // Quantiles.
  P50: "sky",
  P95: "orange",
  P99: "purple",
};

/** The colour of a name whose meaning is known, `undefined` for any other. */
export function colourOf(name: string): PaletteColour | undefined {
  return Object.hasOwn(COLOUR_OF, name) ? COLOUR_OF[name] : (ofCredential(name) ?? ofHttpStatus(name));
}

/** Keys and tokens have more ways of being wrong than there are colours. */
function ofCredential(name: string): PaletteColour | undefined {
  if (/^[a-z]+_api_key$/.test(name)) return "purple";
  return /^(?:tokens?_[a-z_]+|[a-z]+_token)$/.test(name) ? "yellow" : undefined;
}

/** Statuses of one class are told apart by their numbers; which class it is matters first. */
function ofHttpStatus(name: string): PaletteColour | undefined {
  if (name === "_other") return "pink";
  if (!/^[1-5]\d\d$/.test(name)) return undefined;
  switch (name.charAt(0)) {
    case "2":
      return name === "200" ? "green" : "sky";
    case "4":
      return "yellow";
    case "5":
      return "orange";
    default:
      return "purple";
  }
}
