import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";
import { type Environment, TracingConfigurationError, text } from "./otlp/destination.ts";

/** What `OTEL_TRACES_SAMPLER` may say (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). */
const SAMPLERS: Readonly<Record<string, (ratio: () => number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio()),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio()) }),
};

/**
 * Which traces are recorded: this part of those that begin here, and those whose caller has decided so; or what the standard variables
 * say, in letters of either case. Throws a {@link TracingConfigurationError} for a sampler that does not exist and a ratio that is none.
 */
export function samplerOf(ratio: number | undefined, env: Environment): Sampler {
  if (ratio !== undefined) return new ParentBasedSampler({ root: samplerOfRatio(ratio) });
  const name = text(env.OTEL_TRACES_SAMPLER)?.toLowerCase() ?? "parentbased_always_on";
  const create = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined;
  if (create === undefined) {
    const known = Object.keys(SAMPLERS).join(", ");
    throw new TracingConfigurationError(`OTEL_TRACES_SAMPLER is "${name.slice(0, 100)}"; it may be one of ${known}`);
  }
  return create(() => ratioOf(text(env.OTEL_TRACES_SAMPLER_ARG)));
}

/** All of them need no look at their ids. */
function samplerOfRatio(ratio: number): Sampler {
  return ratio >= 1 ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
}

function ratioOf(argument = "1"): number {
  const ratio = Number(argument);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new TracingConfigurationError(
    `OTEL_TRACES_SAMPLER_ARG is "${argument.slice(0, 100)}"; a ratio is a number from 0 to 1`,
  );
}
