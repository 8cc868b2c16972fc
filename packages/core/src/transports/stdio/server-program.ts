import type { FailedStart } from "../diagnosis.ts";
import type { StartError } from "../session.ts";
import type { SupervisedCommand } from "./supervisor.ts";

/** What the stdio transport runs: how a process of it is begun, and what its end before the first answer means. */
export interface ServerProgram {
  /**
   * Asked before each start of a process. `log` takes lines for the server's log.
   * @throws StartError when there is nothing that could be started
   */
  prepare(log: (line: string) => void): Promise<SupervisedCommand>;
  /** The installer that the program is, such as `npx`: it fetches the server before it runs it. */
  readonly installer?: string | undefined;
  /** Why the process ended before it spoke MCP, and what to do about it. */
  diagnose(end: Omit<FailedStart, "command">): StartError;
  /** How a server ended that did speak MCP, as a clause: "exited with code 1". What holds for any process, when absent. */
  describeEnd?(code: number | undefined): string;
  /** What to add when a start took too long, as a sentence with a space before it. */
  explainDelay?(stderr: readonly string[]): string | undefined;
}
