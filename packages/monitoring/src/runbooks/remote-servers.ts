import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, min, sum } from "../promql/aggregate.ts";
import { rate } from "../promql/functions.ts";
import { log, query, see, shell } from "./look.ts";

/** A server that is reached over HTTP and is not there. */
export function remoteServers({ options, rules }: Context): readonly Runbook[] {
  const setting = options.alerts.RemoteServerUnreachable;
  const requests = rate(rules.series(catalog.httpRequests), "5m");
  return [
    {
      alert: "MCPHangarRemoteServerUnreachable",
      meaning: `For ${setting.for} the gateway has had no working session with the remote server in the alert.`,
      impact: "Calls to it fail. The process is not ours: the repair mostly lies with its operator or the network.",
      confirm: [
        {
          question: "Which servers are not up (0)?",
          look: query(min(rules.series(catalog.serverUp), by("mcp_server"))),
        },
        {
          question: "What do its HTTP requests end with? `error`: no response at all.",
          look: query(sum(requests, by("mcp_server", "status"))),
        },
        {
          question: "Why did the last attempt fail?",
          look: log("mcp_server_start_failed", "mcp_server", "diagnosis"),
        },
      ],
      causes: [
        {
          cause: "It is down, or its address is wrong",
          look: shell("curl -sS -m 5 -o /dev/null -w '%{http_code}\\n' ENDPOINT"),
          sign: "The diagnosis says that nothing listens, or that the name does not resolve; `curl` fails the same way from the gateway's host.",
          mend: "Tell its operator; correct `endpoint` if it moved.",
        },
        {
          cause: "The network does not let us through",
          sign: "A timeout from the gateway's host, while `curl` from elsewhere succeeds.",
          mend: "Firewall, route, proxy or egress policy between the gateway and the server.",
        },
        {
          cause: "Credentials are refused",
          sign: "Status 401 or 403.",
          mend: "Renew the token or password under `auth` or in `headers`; `mcp-hangar config reload` puts it into force.",
        },
        {
          cause: "TLS fails",
          look: shell(
            "openssl s_client -connect HOST:443 -servername HOST </dev/null | openssl x509 -noout -dates -issuer",
          ),
          sign: "The diagnosis names the problem: expired, unknown authority, another name.",
          mend: "Renew the certificate there, or set `tls.ca_file` or `tls.server_name` here.",
        },
        {
          cause: "It is there but is no MCP endpoint",
          sign: "Status 404, 405 or 301, or an answer that is not MCP.",
          mend: "Correct the path of `endpoint`: it mostly ends in `/mcp`.",
        },
        {
          cause: "It has too much to do",
          sign: "Status 429, 500, 502, 503 or 504.",
          mend: "Wait, or lower its `max_concurrency`.",
        },
      ],
      actions: [
        "Try it from the gateway's host without the gateway: `mcp-hangar call SERVER TOOL --args '{}' --config config.yaml`.",
        "After the repair make a call through the gateway: `mcp-hangar call SERVER TOOL --args '{}'`.",
      ],
      escalate: `The operator of the remote server, in the morning; at night only if agents cannot work without it. ${see("ProviderUnhealthy")} pages for the same server if it lasts.`,
      resolves: "When a session is opened, by the next health check or call.",
    },
  ];
}
