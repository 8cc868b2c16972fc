import { catalog } from "@mcp-hangar/telemetry";
import type { Context } from "../context.ts";
import type { Runbook } from "../model.ts";
import { by, max, sum } from "../promql/aggregate.ts";
import { runtime } from "../promql/external.ts";
import { clockSkew, increase, rate } from "../promql/functions.ts";
import { portion } from "../promql/operators.ts";
import { percent } from "../slo/decimal.ts";
import { query, see, shell } from "./look.ts";

/** What a gateway runs into. */
export function limits(context: Context): readonly Runbook[] {
  return [
    memory(context),
    heap(context),
    fileDescriptors(context),
    sessions(context),
    eventLoop(context),
    shedding(context),
    clock(context),
  ];
}

function memory({ options, rules }: Context): Runbook {
  const { share } = options.alerts.MemoryNearLimit;
  return {
    alert: "MCPHangarMemoryNearLimit",
    meaning: `The gateway's process has more than ${percent(share)} % of the memory of its container, or of its machine where there is no limit.`,
    impact:
      "The kernel kills the process at the limit, or one of its servers: they are in the same container, and their memory counts to the same limit without being part of this number.",
    confirm: [
      {
        question: "How much of its memory does each gateway have?",
        look: query(portion(rules.series(runtime.processResidentMemory), rules.series(runtime.memoryLimit))),
      },
      { question: "What is the limit? (bytes)", look: query(rules.series(runtime.memoryLimit)) },
    ],
    causes: [
      {
        cause: "The limit is too low",
        look: query(rules.series(runtime.heapLimit)),
        sign: "The limit of the heap is near that of the container, so that Node.js collects garbage too late.",
        mend: "Raise the container's limit, or start with `NODE_OPTIONS=--max-old-space-size` at half of it.",
      },
      {
        cause: "The process has grown",
        look: query(rules.series(runtime.processResidentMemory)),
        sign: "It has grown for hours, or with the calls.",
        mend: `Follow ${see("HighMemoryUsage")}.`,
      },
      {
        cause: "Servers share the container",
        look: shell("ps -eo rss,args --sort=-rss | head"),
        sign: "Processes of servers hold more than the gateway.",
        mend: "Run large servers in containers of their own, or remotely.",
      },
    ],
    actions: ["Raise the limit and restart: SIGTERM lets calls finish, an out-of-memory kill does not."],
    escalate: "It is killed again within the hour: wake the owner of the gateway.",
    resolves: "When the process has less than the share.",
  };
}

function heap({ options, rules }: Context): Runbook {
  const { share } = options.alerts.HeapNearLimit;
  const window = "5m";
  return {
    alert: "MCPHangarHeapNearLimit",
    meaning: `The JavaScript heap has used more than ${percent(share)} % of what Node.js may have.`,
    impact: "Garbage is collected all the time, so that every call is slow; when the heap is full, the process ends.",
    confirm: [
      {
        question: "How full is the heap?",
        look: query(portion(rules.series(runtime.heapUsed), rules.series(runtime.heapLimit))),
      },
      {
        question: "How much time goes into collecting garbage? (seconds a second)",
        look: query(sum(rate(rules.total(runtime.gcDuration), window), by("instance"))),
      },
    ],
    causes: [
      {
        cause: "A leak, or too much in flight",
        look: query(rules.series(runtime.heapUsed)),
        sign: "It has grown since the start, or goes up and down with the calls.",
        mend: `Follow ${see("HighMemoryUsage")}.`,
      },
      {
        cause: "The heap's limit is lower than it could be",
        look: query(portion(rules.series(runtime.heapLimit), rules.series(runtime.memoryLimit))),
        sign: "It is far below a half of the container's memory.",
        mend: "Start with `NODE_OPTIONS=--max-old-space-size`, in megabytes.",
      },
    ],
    actions: ["Restart outside of busy hours if it grows slowly, now if calls are slow already."],
    escalate: "It is back within an hour of a restart.",
    resolves: "When the heap has more room again; after a leak only with a restart.",
  };
}

function fileDescriptors({ options, rules }: Context): Runbook {
  const { share } = options.alerts.FileDescriptorsNearLimit;
  return {
    alert: "MCPHangarFileDescriptorsNearLimit",
    meaning: `The process has more than ${percent(share)} % of the files and sockets open that it may open.`,
    impact: "At the limit no client can connect, no server starts, and logs and the audit journal cannot open a file.",
    confirm: [
      { question: "How many are open?", look: query(rules.series(runtime.processOpenFds)) },
      { question: "How many may be?", look: query(rules.series(runtime.processMaxFds)) },
    ],
    causes: [
      {
        cause: "Many clients or servers",
        look: query(rules.series(runtime.activeResources, { type: "TCPSocketWrap" })),
        sign: "Sockets are most of them, and follow the clients.",
        mend: "Raise the limit (`ulimit -n`, `LimitNOFILE=`), or lower the connections that are allowed (`http.max_connections`).",
      },
      {
        cause: "A leak",
        look: shell("lsof -p $(pgrep -f 'hangar serve' | head -1) | tail -20"),
        sign: "The number has only grown since the start, without more clients or servers.",
        mend: "Restart outside of busy hours, and report what is open with the version.",
      },
    ],
    actions: ["Raise the limit and restart before it is reached."],
    escalate: "Clients cannot connect: wake the owner of the gateway.",
    resolves: "When fewer are open than the share.",
  };
}

function sessions({ options, rules }: Context): Runbook {
  const { share } = options.alerts.SessionsNearLimit;
  const open = rules.series(catalog.serverSessions);
  return {
    alert: "MCPHangarSessionsNearLimit",
    meaning: `More than ${percent(share)} % of the sessions that may be open with the server in the alert (\`max_sessions\`) are used by requests and subscriptions, on one gateway.`,
    impact:
      "At the limit, requests of callers and clients who have no session yet are refused as `overloaded`; the others go on.",
    confirm: [
      {
        question: "How many are in use, and how many idle?",
        look: query(sum(open, by("instance", "mcp_server", "use"))),
      },
      { question: "How many may there be?", look: query(rules.series(catalog.serverSessionsMax)) },
      {
        question: "Was anybody refused?",
        look: query(sum(increase(rules.series(catalog.serverSessionsRefused), "1h"), by("instance", "mcp_server"))),
      },
    ],
    causes: [
      {
        cause: "More people use it than before",
        look: query(sum(rate(rules.series(catalog.toolCalls), "5m"), by("mcp_server"))),
        sign: "The calls have grown with the sessions.",
        mend: "Raise `max_sessions` of the server, if the machine can run as many of its processes.",
      },
      {
        cause: "Clients leave without a word",
        sign: "Sessions in use stay for hours, and few calls are made: subscriptions of clients keep them.",
        mend: "Have clients end their sessions (`DELETE`); those that are silent for an hour are ended by the gateway.",
      },
      {
        cause: "Each client has one where each caller would do",
        look: shell("curl -s http://127.0.0.1:8000/api/mcp_servers/SERVER | jq .sessions"),
        sign: "The mode is `per_client`, and one caller runs many clients.",
        mend: "Set `sessions` to `per_caller`, if clients of one caller may share what the server remembers.",
      },
      {
        cause: "Calls hang",
        look: query(rules.series(catalog.serverState)),
        sign: "The server is degraded, or its calls end as timeouts.",
        mend: "Lower `call_timeout_s`, and mend the server.",
      },
    ],
    actions: ["Raise `max_sessions` and reload, before somebody is refused."],
    escalate: "Callers are refused and the machine has no room for more processes: tell the owner of the server.",
    resolves: "When fewer are in use than the share.",
  };
}

function eventLoop({ options, rules }: Context): Runbook {
  const { level } = options.alerts.EventLoopLagging;
  const window = "5m";
  return {
    alert: "MCPHangarEventLoopLagging",
    meaning: `One in a hundred turns of the gateway's one thread comes more than ${level} s late.`,
    impact: "Every call waits as long, health checks of well servers time out, and clients give up.",
    confirm: [
      { question: "How late is it? (s)", look: query(rules.series(runtime.eventLoopLagP99)) },
      {
        question: "How busy is the thread? At 1 it is saturated.",
        look: query(rate(rules.series(runtime.eventLoopActive), window)),
      },
    ],
    causes: [
      {
        cause: "More work than one thread can do",
        look: query(rate(rules.series(runtime.processCpu), window)),
        sign: "The process uses a whole CPU.",
        mend: `Follow ${see("HighCPUUsage")}.`,
      },
      {
        cause: "Very large messages",
        look: query(rules.series(runtime.externalMemory)),
        sign: "It comes with buffers of hundreds of megabytes.",
        mend: "Let the tool return less, or lower `http.max_buffered_bytes`.",
      },
      {
        cause: "The process does not get the CPU",
        look: query(rules.series(runtime.availableCpus)),
        sign: "The thread is not busy, and its quota is below one CPU.",
        mend: "Raise the quota to one CPU at least.",
      },
    ],
    actions: ["Add a gateway, or limit the callers with `rate_limit.requests_per_second`."],
    escalate: "Calls fail because of it: wake the owner of the gateway.",
    resolves: "When it comes in time again.",
  };
}

function shedding({ options, rules }: Context): Runbook {
  const { perSecond, window } = options.alerts.GatewayShedsLoad;
  return {
    alert: "MCPHangarGatewayShedsLoad",
    meaning: `The gateway refuses or ends more than ${perSecond} requests, answers or connections a second, over ${window}, to stay within its own limits.`,
    impact: "Clients get an error that they can repeat after a while, or lose their connection.",
    confirm: [
      {
        question: "What is refused, and why?",
        look: query(sum(increase(rules.series(catalog.loadShed), window), by("instance", "reason"))),
      },
      {
        question: "How much is held for clients? (bytes)",
        look: query(max(rules.series(catalog.bufferedBytes), by("instance"))),
      },
    ],
    causes: [
      {
        cause: "Clients that do not read",
        look: shell("mcp-hangar status"),
        sign: "The reason is `unread_answer`.",
        mend: "Find who they are in the log, and mend the client.",
      },
      {
        cause: "More clients than are allowed",
        look: query(rules.series(runtime.processOpenFds)),
        sign: "The reason is `connections` or `subscriptions`.",
        mend: "Raise the limit of that name, or add a gateway.",
      },
      {
        cause: "Bodies and answers that are large",
        look: query(max(rules.series(catalog.bufferedBytes), by("instance"))),
        sign: "The reason is `buffered_bytes`, and what is held is near `http.max_buffered_bytes`.",
        mend: `Let the tools return less, or raise the limit while memory allows it; follow ${see("MemoryNearLimit")}.`,
      },
    ],
    actions: ["Add a gateway, if all of them refuse."],
    escalate: "Well-behaved clients are refused for more than a quarter of an hour.",
    resolves: `When less is refused, over ${window}.`,
  };
}

function clock({ options, rules }: Context): Runbook {
  const { level } = options.alerts.ClockSkewed;
  return {
    alert: "MCPHangarClockSkewed",
    meaning: `The clock of the gateway's machine and that of Prometheus are more than ${level} s apart.`,
    impact:
      "Tokens are refused as expired or from the future, or live too long; signatures for object storage are refused; times of audit records are wrong.",
    confirm: [
      { question: "By how much? (s)", look: query(clockSkew(rules.series(runtime.clock))) },
      { question: "What does the gateway's clock say? (Unix time)", look: query(rules.series(runtime.clock)) },
    ],
    causes: [
      {
        cause: "The machine's clock is not kept right",
        look: shell("timedatectl timesync-status || chronyc tracking"),
        sign: "It is not synchronised. If all gateways are off by the same, it is the clock of Prometheus.",
        mend: "Start the time service, and let it slew rather than step: a step makes two records seem to be of one time.",
      },
      {
        cause: "A machine that was suspended",
        look: shell("journalctl -k --since -1h | grep -i -E 'suspend|clocksource'"),
        sign: "It was paused, moved or restored from a snapshot.",
        mend: "Restart the time service.",
      },
    ],
    actions: ["Set the clock right before looking at times in the audit trail."],
    escalate: "Tokens are refused: wake the owner of the machine.",
    resolves: "When the clocks agree again.",
  };
}
