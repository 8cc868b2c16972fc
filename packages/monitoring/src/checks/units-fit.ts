import type { Unit } from "../names.ts";
import { observedIn, type Quantity, quantityOf } from "../promql/quantity.ts";
import type { Expression } from "../promql/vector.ts";
import type { Stack } from "../stack.ts";
import type { Check, Finding } from "./check.ts";

/** What is shown is in the unit that stands behind it: cents that are called dollars are a hundred times too high. */
export const unitsFit: Check = {
  name: "units-fit",
  run(stack) {
    return shownIn(stack).flatMap(({ subject, unit, expr, measured }): readonly Finding[] => {
      const problem = measured === undefined ? undefined : misfit(measured, unit);
      if (problem === undefined) return [];
      return [{ subject, expr, problem, mend: "convert the value, or choose the unit in which it is" }];
    });
  },
};

interface Shown {
  readonly subject: string;
  readonly unit: string;
  readonly expr: Expression;
  /** `undefined` where neither names nor arithmetic tell. */
  readonly measured: Quantity | undefined;
}

/** Every value that is shown with a unit: on panels, and in the texts and tables about alerts. */
function shownIn({ dashboards, alerts }: Stack): readonly Shown[] {
  return [
    ...dashboards.flatMap(({ uid, panels }) =>
      panels.flatMap(({ key, unit, visualisation, queries }) =>
        queries
          // A query of a table without a column only gives labels.
          .filter(({ column }) => visualisation !== "table" || column !== undefined)
          .map(({ expr, column }) => ({
            subject: `panel ${key} of ${uid}`,
            unit: column?.unit ?? unit,
            expr,
            // The unit of a heatmap is that of its axis.
            measured: visualisation === "heatmap" ? observedIn(expr.node) : quantityOf(expr.node),
          })),
      ),
    ),
    ...alerts.flatMap(({ id, conditions }) =>
      conditions.map(({ measure, unit }) => {
        return { subject: `alert ${id}`, unit, expr: measure, measured: quantityOf(measure.node) };
      }),
    ),
  ];
}

/** What a unit shows, and by how much a value has to be multiplied for it; more than one kind where it is loose. */
interface Meant {
  readonly kinds: readonly string[];
  readonly scale: number;
}

const rates: Meant = { kinds: ["number per second"], scale: 1 };
const numbers: Meant = { kinds: ["number", "share"], scale: 1 };
const seconds: Meant = { kinds: ["seconds"], scale: 1 };
/** Grafana takes points in time in milliseconds. */
const points: Meant = { kinds: ["point in time"], scale: 1_000 };

/** Units that the definitions use, and those that somebody may cast in. */
const UNITS: Readonly<Record<Unit | "ms" | "percent" | "currencyUSD" | "currencyEUR", Meant>> = {
  short: numbers,
  none: numbers,
  bool: numbers,
  bool_yes_no: numbers,
  percentunit: { kinds: ["share", "seconds per second"], scale: 1 },
  percent: { kinds: ["share", "seconds per second"], scale: 100 },
  s: seconds,
  ms: { kinds: ["seconds"], scale: 1_000 },
  dtdurations: seconds,
  bytes: { kinds: ["bytes"], scale: 1 },
  binBps: { kinds: ["bytes per second"], scale: 1 },
  reqps: rates,
  ops: rates,
  cps: rates,
  dateTimeAsIso: points,
  dateTimeFromNow: points,
  currencyUSD: { kinds: ["money"], scale: 1 },
  currencyEUR: { kinds: ["money"], scale: 1 },
};

function misfit({ kind, perSecond, scale }: Quantity, unit: string): string | undefined {
  const meant = Object.hasOwn(UNITS, unit) ? UNITS[unit as keyof typeof UNITS] : undefined;
  if (meant === undefined) return undefined;
  const measured = perSecond ? `${kind} per second` : kind;
  if (!meant.kinds.includes(measured)) return `the unit ${unit} does not fit what is measured: ${measured}`;
  // A plain number may be a code, such as 3 for firing.
  if (meant === numbers) return undefined;
  const times = scale / meant.scale;
  if (Math.abs(times - 1) < 1e-9) return undefined;
  const amount =
    times > 1 ? `${Number(times.toPrecision(3))} × too high` : `${Number((1 / times).toPrecision(3))} × too low`;
  return `${measured} is shown ${amount} with the unit ${unit}`;
}
