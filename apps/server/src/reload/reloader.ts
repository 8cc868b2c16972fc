import { isDeepStrictEqual } from "node:util";
import type { CancelTimer, Clock } from "@mcp-hangar/core";
import { type Caller, knownSecrets, type ReloadTrigger, secretsIn, type TelemetryBus } from "@mcp-hangar/telemetry";
import { byLine, type ParsedConfig } from "../config/load.ts";
import { ConfigError, type ConfigPath, type ConfigProblem } from "../config/problem.ts";
import { isReloadable, RELOADABLE, type ReloadableKey } from "../config/reloadable.ts";
import type { Config } from "../config/schema.ts";
import { valueAt } from "../config/schema-tree.ts";
import type { Logger } from "../logging/logging.ts";
import type { ConfigSource, ReadConfig } from "./config-source.ts";
import { type ConfigChanges, diffConfigs } from "./diff.ts";
import { configInForce } from "./in-force.ts";
import { describeOutcome, type Rejected, type ReloadOutcome, rejected } from "./outcome.ts";
import type { Apply, ReloadPart } from "./part.ts";

export interface ReloaderOptions {
  /** What the gateway was started with; it is read again where it came from. */
  readonly initial: ReadConfig;
  readonly parts: Readonly<Record<ReloadableKey, ReloadPart>>;
  /** Finds what a configuration names and this machine does not have, in the sections of interest. */
  readonly preflight: (
    next: ParsedConfig,
    isOfInterest: (section: ConfigPath) => boolean,
  ) => Promise<readonly ConfigProblem[]>;
  /** Notes what clients see, just before a configuration comes into force; what it gives tells them what is different, just after. */
  readonly watchClients?: (() => () => void) | undefined;
  readonly bus: TelemetryBus;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * How soon a configuration that names what is not there is tried again, in ms, while its file is watched: a certificate or a
 * program may come a moment after the file that names it.
 */
const RETRY_MS = 10_000;

/** What the last attempt has read, and why it was refused if it was. */
interface LastRead {
  readonly text: string | undefined;
  /** Of the files that the text names. */
  readonly secrets: readonly (string | undefined)[];
  readonly refusal: string | undefined;
}

/**
 * Puts a changed configuration into force while calls run: all of it or nothing. Reading, validating and everything else
 * that can fail comes first and changes nothing; then all parts change in one turn of the event loop.
 */
export class Reloader {
  readonly #options: ReloaderOptions;
  #inForce: ParsedConfig;
  #last: LastRead;
  #cancelRetry: CancelTimer | undefined;
  #lastSuccessful = true;
  #running: Promise<ReloadOutcome> | undefined;
  #next: Promise<ReloadOutcome> | undefined;
  #closed = false;

  constructor(options: ReloaderOptions) {
    this.#options = options;
    this.#inForce = options.initial;
    this.#last = { text: options.initial.text, secrets: valuesOf(options.initial), refusal: undefined };
  }

  /** The configuration in force: what was reloaded, and what takes a restart as it was at the start. */
  get config(): Config {
    return this.#inForce.config;
  }

  /** The text of a value in force as it is written in the file, when variables went into it. */
  get templateOf(): ParsedConfig["templateOf"] {
    return this.#inForce.templateOf;
  }

  /** Files beside the configuration whose content is part of it: those that it names with `${file:…}`. */
  get secretFiles(): readonly string[] {
    return this.#inForce.secretFiles.map(({ path }) => path);
  }

  /** Whether the configuration in force is the one last read. */
  get lastSuccessful(): boolean {
    return this.#lastSuccessful;
  }

  /**
   * Reads the configuration and puts it into force. One reload runs at a time: whoever asks meanwhile gets the outcome of
   * one more, which reads the file again and which all who ask by then share. Never rejects.
   */
  reload(trigger: ReloadTrigger, caller?: Caller): Promise<ReloadOutcome> {
    if (this.#running === undefined) return this.#start(trigger, caller);
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#start(trigger, caller);
    });
    return this.#next;
  }

  /** What a reload would change, or why it would be refused. Changes nothing. */
  async preview(): Promise<ConfigChanges | Rejected> {
    try {
      const { source } = this.#options.initial;
      const next = source.parse(readWhole(source));
      await this.#refuseUnusable(next);
      return diffConfigs(this.config, next.config);
    } catch (error) {
      return rejected(error);
    }
  }

  /** Waits for the reload under way; no other begins. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    await this.#next;
    await this.#running;
  }

  #start(trigger: ReloadTrigger, caller: Caller | undefined): Promise<ReloadOutcome> {
    this.#running = this.#once(trigger, caller).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #once(trigger: ReloadTrigger, caller: Caller | undefined): Promise<ReloadOutcome> {
    if (this.#closed) return { kind: "disabled", message: "the gateway is shutting down" };
    if (!this.config.config_reload.enabled) {
      const message = "config_reload.enabled is false; restart the gateway to change its configuration";
      return { kind: "disabled", message };
    }
    const outcome = await this.#attempt(trigger);
    if (outcome.kind === "unchanged") return outcome;
    const { bus, clock, logger } = this.#options;
    this.#lastSuccessful = outcome.kind === "applied";
    bus.emit({
      type: "config.reloaded",
      timeMs: clock.wallMs(),
      result: outcome.kind === "applied" ? "success" : "failure",
      trigger,
      caller,
      message: describeOutcome(outcome),
    });
    if (outcome.kind === "applied" && outcome.changes.needRestart.length > 0) {
      logger.warning("config_needs_restart", { keys: outcome.changes.needRestart });
    }
    return outcome;
  }

  async #attempt(
    trigger: ReloadTrigger,
  ): Promise<Extract<ReloadOutcome, { kind: "applied" | "unchanged" }> | Rejected> {
    const { source } = this.#options.initial;
    const before = this.#last;
    let text: string | undefined;
    this.#cancelRetry?.();
    try {
      text = readWhole(source);
      const next = source.parse(text);
      this.#last = { text, secrets: valuesOf(next), refusal: undefined };
      // A file is written anew more often than it changes, and who asks explicitly wants certificates read again.
      if (trigger === "file" && isDeepStrictEqual(this.#last, before)) return { kind: "unchanged" };
      await this.#refuseUnusable(next);
      const changes = diffConfigs(this.config, next.config);
      const inForce = configInForce(this.config, next.config);
      this.#apply(await this.#prepare(inForce), { ...next, config: inForce });
      return { kind: "applied", changes };
    } catch (error) {
      const outcome = rejected(error);
      this.#last = { text, secrets: [], refusal: outcome.message };
      if (mayComeRight(error)) this.#retryLater();
      return trigger === "file" && isDeepStrictEqual(this.#last, before) ? { kind: "unchanged" } : outcome;
    }
  }

  /**
   * Throws when something that is new or changed could not be used: it would take the place of what works. What stays as it
   * is is not looked at, because the reload does nothing to it.
   */
  async #refuseUnusable(next: ParsedConfig): Promise<void> {
    const isNew = (section: ConfigPath): boolean =>
      !isDeepStrictEqual(valueAt(next.config, section), valueAt(this.config, section));
    const problems = await this.#options.preflight(next, isNew);
    if (problems.length > 0) throw new ConfigError(this.#options.initial.source.file, byLine(problems));
  }

  #retryLater(): void {
    const { enabled, watch } = this.config.config_reload;
    if (!enabled || !watch || this.#closed) return;
    this.#cancelRetry = this.#options.clock.schedule(RETRY_MS, () => void this.reload("file"));
  }

  #prepare(next: Config): Promise<readonly Apply[]> {
    return Promise.all(RELOADABLE.map(async (key) => this.#options.parts[key](next, this.config)));
  }

  /** Without an `await`: nobody ever sees one half of a configuration. */
  #apply(steps: readonly Apply[], next: ParsedConfig): void {
    // What takes a restart is as it was at the start. Asking the configuration before this one would keep all of them.
    const { initial } = this.#options;
    const tellClients = this.#options.watchClients?.();
    this.#inForce = {
      config: next.config,
      templateOf: (path) => (isReloadable(path.join(".")) ? next : initial).templateOf(path),
      lineOf: (path) => next.lineOf(path),
      secretFiles: next.secretFiles,
      mode: initial.mode,
    };
    // Whoever did the step owns what goes on afterwards; here nobody waits, but nothing is lost either.
    const lost = (error: unknown): void => this.#options.logger.error("config_reload_unfinished", { error });
    knownSecrets.replace("configuration", secretsIn(next.config));
    for (const step of steps) void Promise.resolve(step()).catch(lost);
    tellClients?.();
  }
}

function valuesOf({ secretFiles }: ParsedConfig): LastRead["secrets"] {
  return secretFiles.map(({ value }) => value);
}

/** Whether a configuration was refused for nothing but what it names, which may be mended without another change of it. */
function mayComeRight(error: unknown): boolean {
  return error instanceof ConfigError && error.problems.every(({ elsewhere }) => elsewhere === true);
}

/** A file that is written in place is empty for a moment: that must not remove every server. */
function readWhole(source: ConfigSource): string {
  const text = source.read();
  if (text.trim() !== "") return text;
  const message = "the file is empty; a configuration without servers is mcp_servers: {}";
  throw new ConfigError(source.file, [{ path: [], line: undefined, message }]);
}
