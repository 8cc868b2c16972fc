import type { Answer, Dashboard, Picture, Series, Target } from "../dashboard.ts";

/** The span of time a picture shows, in milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Variables of the dashboards; whatever is not here is everything. */
const CHOSEN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "mcp-hangar-mcp-server-details": { mcp_server: "tickets" },
};

const STEP_S = 2;
/** Four of the product's scrapes of 10 s, as Grafana computes it: the lines are as smooth as its users see them. */
const RATE_INTERVAL_S = 40;

/** Asks Prometheus every query of a dashboard. Throws with the panel's title for a query that is refused. */
export async function ask(prometheus: string, dashboard: Dashboard, span: Span): Promise<Picture> {
  const chosen = { job: "mcp-hangar", ...CHOSEN[dashboard.uid] };
  const answers: Record<string, readonly Answer[]> = {};
  for (const panel of dashboard.panels) {
    answers[panel.id] = await Promise.all(
      (panel.targets ?? []).map(async (target) => {
        const expr = fillIn(target.expr, chosen, span);
        const series = await query(prometheus, expr, target, span).catch((cause: unknown) => {
          throw new Error(`the panel ${panel.title} of ${dashboard.uid} asks: ${expr}`, { cause });
        });
        return { target, series };
      }),
    );
  }
  return { dashboard, answers, chosen, ...span };
}

/** Fills in variables as Grafana does. */
function fillIn(expr: string, chosen: Readonly<Record<string, string>>, { fromMs, toMs }: Span): string {
  const range = String(Math.round((toMs - fromMs) / 1_000));
  const times: Readonly<Record<string, string>> = {
    __rate_interval: `${RATE_INTERVAL_S}s`,
    __interval: `${STEP_S}s`,
    __interval_ms: String(STEP_S * 1_000),
    __range: `${range}s`,
    __range_s: range,
  };
  return expr.replaceAll(/\$\{?(\w+)(?::\w+)?\}?/g, (_variable, name: string) => times[name] ?? chosen[name] ?? ".+");
}

interface Reply {
  readonly status: string;
  readonly error?: string;
  readonly data: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

async function query(prometheus: string, expr: string, target: Target, span: Span): Promise<readonly Series[]> {
  const times: Record<string, string> = target.instant
    ? { time: String(span.toMs / 1_000) }
    : { start: String(span.fromMs / 1_000), end: String(span.toMs / 1_000), step: String(STEP_S) };
  const response = await fetch(`${prometheus}/api/v1/${target.instant ? "query" : "query_range"}`, {
    method: "POST",
    body: new URLSearchParams({ query: expr, ...times }),
  });
  const reply = (await response.json()) as Reply;
  if (reply.status !== "success") throw new Error(`Prometheus: ${reply.error ?? response.status}`);
  return reply.data.result.map(({ metric, value, values }) => ({
    labels: metric,
    points: (values ?? (value === undefined ? [] : [value])).map(([time, text]) => [time * 1_000, numberOf(text)]),
  }));
}

/** Infinities and NaN have no form in JSON; Grafana draws none of them either. */
function numberOf(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
