/** A metric of the process or of Node.js itself, which no event of the gateway causes. */
export interface RuntimeMetricDefinition {
  readonly name: `process_${string}` | `nodejs_${string}`;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Finite upper boundaries of a histogram, in seconds. */
  readonly buckets?: readonly number[];
  /** Where the metric exists; elsewhere it is left out instead of being exposed as zero. */
  readonly platform: "any" | "linux";
}

/**
 * The process and Node.js metrics beside the catalog. Names follow the conventions of Prometheus client libraries, so
 * that dashboards written for those work; alerts and panels take them from here.
 */
export const runtimeMetrics = {
  processCpuUser: {
    name: "process_cpu_user_seconds_total",
    type: "counter",
    help: "User CPU time spent by the process.",
    labels: [],
    platform: "any",
  },
  processCpuSystem: {
    name: "process_cpu_system_seconds_total",
    type: "counter",
    help: "System CPU time spent by the process.",
    labels: [],
    platform: "any",
  },
  processCpu: {
    name: "process_cpu_seconds_total",
    type: "counter",
    help: "User and system CPU time spent by the process.",
    labels: [],
    platform: "any",
  },
  processStartTime: {
    name: "process_start_time_seconds",
    type: "gauge",
    help: "When the process started, in seconds since the epoch.",
    labels: [],
    platform: "linux",
  },
  processResidentMemory: {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Resident memory of the process.",
    labels: [],
    platform: "any",
  },
  processVirtualMemory: {
    name: "process_virtual_memory_bytes",
    type: "gauge",
    help: "Virtual memory of the process.",
    labels: [],
    platform: "linux",
  },
  processOpenFds: {
    name: "process_open_fds",
    type: "gauge",
    help: "Open file descriptors of the process.",
    labels: [],
    platform: "linux",
  },
  processMaxFds: {
    name: "process_max_fds",
    type: "gauge",
    help: "File descriptors that the process may open; +Inf if there is no limit.",
    labels: [],
    platform: "linux",
  },
  availableCpus: {
    name: "nodejs_available_cpus",
    type: "gauge",
    help: "CPUs that the process may use: the control group's quota where one is set, else those of the machine.",
    labels: [],
    platform: "any",
  },
  memoryLimit: {
    name: "nodejs_memory_limit_bytes",
    type: "gauge",
    help: "Memory that the process and those beside it in its container may have: the control group's limit where one is set, else the machine's memory.",
    labels: [],
    platform: "any",
  },
  clock: {
    name: "process_clock_timestamp_seconds",
    type: "gauge",
    help: "What the clock of the machine says when it is scraped, as Unix time.",
    labels: [],
    platform: "any",
  },
  eventLoopActive: {
    name: "nodejs_eventloop_active_seconds_total",
    type: "counter",
    help: "Time the event loop was busy; its rate is the event loop utilisation.",
    labels: [],
    platform: "any",
  },
  eventLoopLagMean: {
    name: "nodejs_eventloop_lag_mean_seconds",
    type: "gauge",
    help: "Mean delay of the event loop in the last seconds.",
    labels: [],
    platform: "any",
  },
  eventLoopLagP50: {
    name: "nodejs_eventloop_lag_p50_seconds",
    type: "gauge",
    help: "Median delay of the event loop in the last seconds.",
    labels: [],
    platform: "any",
  },
  eventLoopLagP99: {
    name: "nodejs_eventloop_lag_p99_seconds",
    type: "gauge",
    help: "99th percentile of the delay of the event loop in the last seconds.",
    labels: [],
    platform: "any",
  },
  eventLoopLagMax: {
    name: "nodejs_eventloop_lag_max_seconds",
    type: "gauge",
    help: "Longest delay of the event loop in the last seconds.",
    labels: [],
    platform: "any",
  },
  activeResources: {
    name: "nodejs_active_resources",
    type: "gauge",
    help: "Resources that keep the event loop alive, by type.",
    labels: ["type"],
    platform: "any",
  },
  heapTotal: {
    name: "nodejs_heap_size_total_bytes",
    type: "gauge",
    help: "Size of the JavaScript heap.",
    labels: [],
    platform: "any",
  },
  heapUsed: {
    name: "nodejs_heap_size_used_bytes",
    type: "gauge",
    help: "Used part of the JavaScript heap.",
    labels: [],
    platform: "any",
  },
  heapLimit: {
    name: "nodejs_heap_size_limit_bytes",
    type: "gauge",
    help: "Size of the JavaScript heap at which the process runs out of memory.",
    labels: [],
    platform: "any",
  },
  externalMemory: {
    name: "nodejs_external_memory_bytes",
    type: "gauge",
    help: "Memory of objects bound to JavaScript objects, buffers included.",
    labels: [],
    platform: "any",
  },
  heapSpaceUsed: {
    name: "nodejs_heap_space_size_used_bytes",
    type: "gauge",
    help: "Used part of each heap space.",
    labels: ["space"],
    platform: "any",
  },
  gcDuration: {
    name: "nodejs_gc_duration_seconds",
    type: "histogram",
    help: "Duration of garbage collections by kind.",
    labels: ["kind"],
    buckets: [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    platform: "any",
  },
  version: {
    name: "nodejs_version_info",
    type: "gauge",
    help: "Always 1; carries the version of Node.js.",
    labels: ["version"],
    platform: "any",
  },
} as const satisfies Readonly<Record<string, RuntimeMetricDefinition>>;

export type RuntimeMetricKey = keyof typeof runtimeMetrics;
export type RuntimeMetricName = (typeof runtimeMetrics)[RuntimeMetricKey]["name"];
