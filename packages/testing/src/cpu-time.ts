/**
 * Milliseconds of processor time that work took in this process. Unlike a stop-watch it does not run while other
 * processes do, so a bound on it tells linear time from exponential time on any machine.
 */
export function cpuTimeMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
