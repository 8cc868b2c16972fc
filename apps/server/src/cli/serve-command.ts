import { isatty } from "node:tty";
import { nodePlatform } from "@mcp-hangar/core";
import { loadExporters } from "../assemble/exporters.ts";
import { assemble, type Hangar } from "../assemble.ts";
import { keepCompiledSoon } from "../compile-cache.ts";
import { preflight } from "../config/preflight.ts";
import { formatPath } from "../config/problem.ts";
import type { Config } from "../config/schema.ts";
import { handOverSignals } from "../early-signals.ts";
import { hideEnvironment } from "../hide-environment.ts";
import type { Logging } from "../logging/logging.ts";
import { configSource, type ReadConfig, readConfig } from "../reload/config-source.ts";
import { type Door, serve } from "../serve.ts";
import { compileWebAssemblyOnce } from "../web-assembly.ts";
import { boundYoungGeneration } from "../young-generation.ts";
import type { ServeOptions } from "./program.ts";

const STDERR = 2;

/** `mcp-hangar serve`: runs until a signal or the end of the client. Resolves to the exit code. */
export async function runServe(options: ServeOptions): Promise<number> {
  // Before anything is started that could look.
  const hidden = hideEnvironment();
  const youngGeneration = boundYoungGeneration();
  compileWebAssemblyOnce();
  const initial = readConfig(configSource(options.config, process.env, (config) => withOptions(config, options)));
  // The configuration of a large fleet is read, and put to use, in one turn each.
  youngGeneration.look();
  const http = options.http ?? initial.mode === "http";
  if (!http && (options.host !== undefined || options.port !== undefined)) {
    throw new Error("--host and --port are for HTTP; add --http");
  }
  const terminal = isatty(STDERR);
  const hangar = assemble(initial, nodePlatform, {
    fd: STDERR,
    terminal,
    colours: terminal && (process.env.NO_COLOR ?? "") === "",
    loaded: await loadExporters(initial.config, nodePlatform.env),
  });
  youngGeneration.look();
  const { source, config } = initial;
  const servers = Object.keys(config.mcp_servers).length;
  hangar.logging.logger.info("config_loaded", { file: source.file, mcp_servers: servers });
  void warnOfProblems(hangar, initial);
  if (!hidden && Object.values(config.mcp_servers).some(({ mode }) => mode === "subprocess")) {
    const message =
      "subprocess servers can read the variables of the gateway; run them as another user or in containers";
    hangar.logging.logger.warning("environment_visible", { message });
  }
  const { stop, ask } = stopOnSignals(hangar.logging);
  const onHangUp = (): void => {
    // A terminal that is gone is no terminal any more; else somebody sent the signal on purpose.
    const hungUp = terminal && !isatty(STDERR);
    if (!http || hungUp) ask("SIGHUP");
    else reloadOnSignal(hangar);
  };
  process.on("SIGHUP", onHangUp);
  if (handOverSignals()) onHangUp();
  reportFatalErrors(hangar.logging);
  const door: Door = http
    ? { kind: "http", unsafeNoAuth: options.unsafeNoAuth ?? false }
    : { kind: "stdio", unsafeNoAuth: options.unsafeNoAuth ?? false, input: process.stdin, output: process.stdout };
  youngGeneration.started();
  keepCompiledSoon();
  await serve(hangar, door, stop);
  // Over stdio the client may keep its end open; nothing is left to wait for.
  process.exit(0);
}

/**
 * One server whose program or certificate is missing must not keep the others from their callers, so the gateway starts
 * without it, and says so. Nobody waits for that.
 */
async function warnOfProblems({ logging, platform }: Hangar, { config, lineOf }: ReadConfig): Promise<void> {
  for (const { line, path, message } of await preflight(config, { platform, lineOf })) {
    logging.logger.warning("config_problem", { line, key: formatPath(path), message });
  }
}

/** What stands on the command line wins over file and environment. */
function withOptions(config: Config, { host, port }: ServeOptions): Config {
  return { ...config, http: { ...config.http, host: host ?? config.http.host, port: port ?? config.http.port } };
}

/**
 * Signals within this time are one wish, in ms: of a Ctrl-C the terminal tells every process, and npm or pnpm hands it on
 * once more. People and supervisors who mean it are slower.
 */
const SAME_WISH_MS = 200;

/** The first signal asks for an orderly end; one that comes later ends the process at once. */
function stopOnSignals(logging: Logging): { readonly stop: AbortSignal; readonly ask: (signal: string) => void } {
  const stop = new AbortController();
  let askedMs = 0;
  const ask = (signal: string): void => {
    const nowMs = nodePlatform.clock.nowMs();
    if (!stop.signal.aborted) {
      askedMs = nowMs;
      stop.abort(signal);
    } else if (nowMs - askedMs > SAME_WISH_MS) {
      logging.logger.warning("shutdown_forced", { cause: signal });
      logging.flushNow();
      process.exit(1);
    }
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, ask);
  return { stop: stop.signal, ask };
}

/** What operators of daemons expect of SIGHUP: files of the log and of audit records are opened anew, the configuration is read again. */
function reloadOnSignal({ logging, reloader, compliance }: Pick<Hangar, "logging" | "reloader" | "compliance">): void {
  try {
    logging.reopen();
  } catch (error) {
    logging.logger.error("log_reopen_failed", { error });
  }
  compliance?.reopenFiles();
  void reloader.reload("signal").then((outcome) => {
    if (outcome.kind === "disabled") logging.logger.warning("config_reload_disabled", { message: outcome.message });
  });
}

/** A programming error leaves the process in an unknown state: it is logged, and a supervisor starts a new one. */
function reportFatalErrors(logging: Logging): void {
  for (const kind of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(kind, (error: unknown) => {
      logging.logger.critical("fatal_error", { kind, error });
      logging.flushNow();
      process.exit(1);
    });
  }
}
