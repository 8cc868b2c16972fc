import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max, sum } from "../promql/aggregate.ts";
import { runtime } from "../promql/external.ts";
import { changes, increase } from "../promql/functions.ts";
import { log, query, see, shell } from "./look.ts";

/** Servers and gateways that come and go. */
export function unsteady(context: Context): readonly Runbook[] {
  return [flapping(context), crashing(context), restarting(context)];
}

function flapping({ options, rules }: Context): Runbook {
  const { count, window } = options.alerts.McpServerFlapping;
  return {
    alert: "MCPHangarMcpServerFlapping",
    meaning: `The server in the alert was lost and found again, or its circuit breaker opened and closed: more than ${count} changes within ${window}.`,
    impact: "Some calls succeed and some fail at once. It never stays bad for long enough to be called down.",
    confirm: [
      {
        question: "Which of both changes, and how often?",
        look: query(max(changes(rules.series(catalog.serverUp), window), by("instance", "mcp_server"))),
      },
      {
        question: "And its circuit breaker?",
        look: query(max(changes(rules.series(catalog.circuitBreakerState), window), by("instance", "mcp_server"))),
      },
    ],
    causes: [
      {
        cause: "It crashes under some calls",
        look: log("mcp_server_stopped", "mcp_server", "reason", "message"),
        sign: `${see("McpServerCrashLooping")} fires as well, or the log has \`crashed\`.`,
        mend: "Find the call before each crash (`tool_failed`), and tell the server's owner.",
      },
      {
        cause: "It is overloaded from time to time",
        sign: "It is lost when many call it, and found when they have stopped: timeouts open the breaker.",
        mend: "Lower `max_concurrency` of the server, so that it is asked for no more than it can do.",
      },
      {
        cause: "What is between it and the gateway is unreliable",
        sign: "A remote server, on one gateway only or on all at the same moments.",
        mend: "Look at the proxy, the load balancer and its health checks: one of several backends is down.",
      },
    ],
    actions: ["Nothing in a hurry: the gateway tries it again by itself. Tell the server's owner."],
    escalate: "Agents depend on it and retries do not help them.",
    resolves: `When it has changed no more than ${count} times within ${window}.`,
  };
}

function crashing({ options, rules }: Context): Runbook {
  const { count, window } = options.alerts.McpServerCrashLooping;
  const stops = increase(rules.series(catalog.serverStops, { reason: "crashed" }), window);
  return {
    alert: "MCPHangarMcpServerCrashLooping",
    meaning: `The server in the alert crashed more than ${count} times within ${window}. The next call starts it again.`,
    impact:
      "Calls in flight are lost at each crash, and the next ones wait for the start. What it keeps in memory is gone.",
    confirm: [{ question: "On which gateways?", look: query(sum(stops, by("instance", "mcp_server"))) }],
    causes: [
      {
        cause: "One kind of call kills it",
        look: log(["tool_invoked", "mcp_server_stopped"], "mcp_server", "tool", "reason", "message"),
        sign: "The same tool comes before each stop.",
        mend: "Hide it with `tools.deny`, and tell the server's owner.",
      },
      {
        cause: "It runs out of memory",
        sign: "It lives for about as long each time; the exit is 137, or `dmesg` has a kill.",
        mend: "Give it more, or a lower `max_concurrency`.",
      },
      {
        cause: "It ends by itself after each session",
        sign: "Exit code 0, shortly after an answer.",
        mend: "Some programs do one thing and end. Run it with what makes it stay, or through a wrapper that does.",
      },
    ],
    actions: ["Look at what it wrote to its stderr: the log has the lines before each `mcp_server_stopped`."],
    escalate: "It takes the host's memory or CPU with it.",
    resolves: `${window} after the crashes have become rare.`,
  };
}

function restarting({ options, rules }: Context): Runbook {
  const { count, window } = options.alerts.GatewayRestarting;
  return {
    alert: "MCPHangarGatewayRestarting",
    meaning: `The gateway in the alert started anew more than ${count} times within ${window}, although scrapes may always find it up.`,
    impact: "At each restart sessions are lost, calls in flight fail, and all its servers are stopped and started.",
    confirm: [
      {
        question: "How often did each gateway restart?",
        look: query(changes(rules.series(runtime.processStartTime), window)),
      },
    ],
    causes: [
      {
        cause: "It crashes",
        look: log(["gateway_started", "shutdown_started", "fatal_error"], "cause", "error", "version"),
        sign: "Starts without a `shutdown_started` before them; `fatal_error` says why.",
        mend: "Go back to the last version or configuration that ran, and report the error.",
      },
      {
        cause: "It is killed for want of memory",
        look: shell("kubectl describe pod POD | grep -A3 'Last State'   # or: journalctl -k | grep -i oom"),
        sign: "OOMKilled, exit code 137.",
        mend: `Raise the limit of its container; follow ${see("HighMemoryUsage")}.`,
      },
      {
        cause: "A probe kills it",
        sign: "Shutdowns that were asked for; the events of the pod speak of a failed liveness probe.",
        mend: "Probe `/health/live`, with a timeout above one second. It does not depend on servers.",
      },
    ],
    actions: ["Take it out of the load balancer, if there are others.", "Stop deployments until the cause is known."],
    escalate: "It restarts with the last configuration that ran, too.",
    resolves: `When it has restarted no more than ${count} times within ${window}.`,
  };
}
