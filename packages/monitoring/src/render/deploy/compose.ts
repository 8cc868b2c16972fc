import { type Duration, fromSeconds, toSeconds } from "../../promql/duration.ts";
import type { Stack } from "../../stack.ts";

/** Exact versions, so that the stack that was tested is the one that starts. Full names, because Podman asks for them. */
const IMAGES = {
  prometheus: "docker.io/prom/prometheus:v3.13.3",
  alertmanager: "docker.io/prom/alertmanager:v0.34.1",
  grafana: "docker.io/grafana/grafana:13.2.3",
  otelCollector: "docker.io/otel/opentelemetry-collector-contrib:0.160.0",
  jaeger: "docker.io/jaegertracing/jaeger:2.21.0",
  webhook: "docker.io/mendhak/http-https-echo:37",
  busybox: "docker.io/library/busybox:1.37.0",
} as const;

/** How much longer than the period of the SLOs samples are kept, so that the oldest of a period is still there. */
const SPARE_SECONDS = 5 * 86_400;

/** `docker-compose.yaml` for Docker and Podman, on Linux and macOS. */
export function composeFile({ options }: Stack): object {
  const retention = fromSeconds(toSeconds(options.burn.period) + SPARE_SECONDS);
  return {
    name: "mcp-hangar-monitoring",
    services: {
      prometheus: prometheus(retention),
      alertmanager: alertmanager(),
      "alert-webhook": webhook(),
      grafana: grafana(),
      "otel-collector": collector(),
      "otel-collector-health": collectorHealth(),
      jaeger: jaeger(),
    },
    volumes: { "prometheus-data": {}, "alertmanager-data": {}, "grafana-data": {} },
  };
}

function prometheus(retention: Duration): object {
  return {
    image: IMAGES.prometheus,
    restart: "unless-stopped",
    command: [
      "--config.file=/etc/prometheus/prometheus.yaml",
      "--storage.tsdb.path=/prometheus",
      `--storage.tsdb.retention.time=${retention}`,
      "--enable-feature=exemplar-storage",
    ],
    ports: [local(9090)],
    // The gateway runs on the machine itself, which has no name of its own in a container on Linux.
    extra_hosts: ["host.docker.internal:host-gateway"],
    volumes: [readOnly("./prometheus", "/etc/prometheus"), "prometheus-data:/prometheus"],
    healthcheck: probe("wget", "-q", "--spider", "http://127.0.0.1:9090/-/ready"),
    depends_on: healthy("alertmanager"),
  };
}

function alertmanager(): object {
  return {
    image: IMAGES.alertmanager,
    restart: "unless-stopped",
    command: [
      "--config.file=/etc/alertmanager/alertmanager.yaml",
      "--storage.path=/alertmanager",
      // There is only one, and without peers it needs no address of its own.
      "--cluster.listen-address=",
    ],
    ports: [local(9093)],
    volumes: [readOnly("./alertmanager", "/etc/alertmanager"), "alertmanager-data:/alertmanager"],
    healthcheck: probe("wget", "-q", "--spider", "http://127.0.0.1:9093/-/ready"),
  };
}

/** Prints the notifications that no other receiver takes, so that they can be seen before a real receiver is set up. */
function webhook(): object {
  return {
    image: IMAGES.webhook,
    restart: "unless-stopped",
    environment: { HTTP_PORT: "8080" },
    healthcheck: probe("wget", "-q", "--spider", "http://127.0.0.1:8080/"),
  };
}

function grafana(): object {
  return {
    image: IMAGES.grafana,
    restart: "unless-stopped",
    environment: {
      GF_SECURITY_ADMIN_USER: `\${GRAFANA_ADMIN_USER:-admin}`,
      GF_SECURITY_ADMIN_PASSWORD: `\${GRAFANA_ADMIN_PASSWORD:-admin}`,
      GF_USERS_ALLOW_SIGN_UP: "false",
      GF_ANALYTICS_REPORTING_ENABLED: "false",
      GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: "/etc/grafana/dashboards/overview.json",
    },
    ports: [local(3000)],
    volumes: [
      readOnly("./grafana/provisioning", "/etc/grafana/provisioning"),
      readOnly("./grafana/dashboards", "/etc/grafana/dashboards"),
      "grafana-data:/var/lib/grafana",
    ],
    healthcheck: probe("wget", "-q", "--spider", "http://127.0.0.1:3000/api/health"),
    depends_on: { ...healthy("prometheus"), ...healthy("alertmanager"), ...started("jaeger") },
  };
}

function collector(): object {
  return {
    image: IMAGES.otelCollector,
    restart: "unless-stopped",
    command: ["--config=/etc/otelcol/config.yaml"],
    ports: [local(4317), local(4318)],
    volumes: [readOnly("./otel-collector", "/etc/otelcol")],
    depends_on: started("jaeger"),
  };
}

/** The image of the collector has nothing but the collector, so that a neighbour must look after it. */
function collectorHealth(): object {
  return {
    image: IMAGES.busybox,
    restart: "unless-stopped",
    command: ["tail", "-f", "/dev/null"],
    init: true,
    healthcheck: probe("wget", "-q", "--spider", "http://otel-collector:13133/"),
    depends_on: started("otel-collector"),
  };
}

function jaeger(): object {
  return {
    image: IMAGES.jaeger,
    restart: "unless-stopped",
    ports: [local(16686)],
    healthcheck: probe("wget", "-q", "--spider", "http://127.0.0.1:16686/"),
  };
}

/** Reachable from this machine only: nothing here asks for a password except Grafana, and that one is known. */
function local(port: number): string {
  return `127.0.0.1:${port}:${port}`;
}

/** `z` lets containers read the folder where SELinux is on; elsewhere it means nothing. */
function readOnly(source: string, target: string): string {
  return `${source}:${target}:ro,z`;
}

function probe(...command: readonly string[]): object {
  return { test: ["CMD", ...command], interval: "10s", timeout: "5s", retries: 12, start_period: "10s" };
}

function healthy(service: string): object {
  return { [service]: { condition: "service_healthy" } };
}

function started(service: string): object {
  return { [service]: { condition: "service_started" } };
}
