/** Signals that end a process which has no handler for them; process 1 of a container does not even notice them. */
const ENDING = ["SIGTERM", "SIGINT"] as const;
/** Exit codes by which shells and supervisors know the two: 128 and the number of the signal. */
const ENDED_BY_SIGTERM = 143;
const ENDED_BY_SIGINT = 130;

let serving = false;
let hungUp = false;

/**
 * Takes signals from the first moment, before anything else is loaded. Nothing has been started then, so a signal that
 * asks for the end gets it at once; SIGHUP asks a gateway to read its configuration, which it is about to do. SIGUSR1
 * would open Node's debugger to everybody on the machine, and SIGUSR2 would end the process: both do nothing, for good.
 */
export function takeSignals(serve: boolean): void {
  serving = serve;
  for (const signal of ENDING) process.on(signal, endAtOnce);
  if (serve) process.on("SIGHUP", noteHangUp);
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.on(signal, ignore);
}

/** Hands the signals over to a gateway that has its own handlers by now. True when SIGHUP came before. */
export function handOverSignals(): boolean {
  for (const signal of ENDING) process.off(signal, endAtOnce);
  process.off("SIGHUP", noteHangUp);
  return hungUp;
}

/** A gateway that is asked to end has ended well; a command that was interrupted has not. */
function endAtOnce(signal: NodeJS.Signals): void {
  if (serving) process.exit(0);
  process.exit(signal === "SIGINT" ? ENDED_BY_SIGINT : ENDED_BY_SIGTERM);
}

function noteHangUp(): void {
  hungUp = true;
}

function ignore(): void {}
