import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../certificates.ts";
import { type Command, exitOf, type RunningProcess, startProcess } from "../child-process.ts";
import { freePort } from "../free-port.ts";
import { poll } from "../poll.ts";
import { SYSLOG_TRANSPORTS, type SyslogPorts, type SyslogTransport, sendSyslog } from "./syslog-sender.ts";

/** What a receiver made of a message. */
export interface ReceivedSyslog {
  readonly priority: string;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly processId: string;
  readonly messageId: string;
  readonly message: string;
  /** Structured data, by element and parameter; names as the receiver gives them. */
  readonly data: Readonly<Record<string, unknown>>;
  /** What else the receiver has read out of the message. */
  readonly parsed: Readonly<Record<string, unknown>>;
}

/** How a system logger is started. */
export interface SyslogProgram {
  readonly name: string;
  /** Writes the configuration into the folder. The certificate is `server.pem` and `server.key` there, what arrives goes to `output`. */
  prepare(folder: string, ports: SyslogPorts, output: string): Command;
  /** One line of the output; throws where it is none. */
  read(line: string): ReceivedSyslog;
}

/** How often it is tried with other ports: another process may take one between the choice and the start. */
const STARTS_MAX = 5;
const PROBE = "is-up";
/** The file that what arrives is written to. */
const RECEIVED = "received";

/** A system logger that listens on loopback over UDP, TCP and TLS, and keeps what it was sent. */
export class SyslogReceiver implements AsyncDisposable {
  readonly ports: SyslogPorts;
  readonly #program: SyslogProgram;
  #process: RunningProcess;
  readonly #folder: string;
  readonly #read: ReceivedSyslog[] = [];
  #readBytes = 0;

  private constructor(program: SyslogProgram, process: RunningProcess, folder: string, ports: SyslogPorts) {
    this.#program = program;
    this.#process = process;
    this.#folder = folder;
    this.ports = ports;
  }

  /** Resolves when it has received a message over each transport. */
  static async start(program: SyslogProgram): Promise<SyslogReceiver> {
    for (let attempt = 1; ; attempt += 1) {
      const folder = mkdtempSync(join(tmpdir(), `hangar-${program.name}-`));
      makeCertificate(folder, "server", { extension: "subjectAltName=IP:127.0.0.1" });
      const ports = { udp: await freePort(), tcp: await freePort(), tls: await freePort() };
      const process = await startProcess(program.prepare(folder, ports, join(folder, RECEIVED)));
      const receiver = new SyslogReceiver(program, process, folder, ports);
      try {
        await receiver.#isUp();
        return receiver;
      } catch (error) {
        const told = process.stderr();
        await receiver[Symbol.asyncDispose]();
        if (attempt === STARTS_MAX)
          throw new Error(`${program.name} does not start; it says:\n${told}`, { cause: error });
      }
    }
  }

  /** What has arrived since the start, in its order. */
  received(): readonly ReceivedSyslog[] {
    this.#readOn();
    return this.#read.filter(({ appName }) => !appName.startsWith(PROBE));
  }

  /** The file with the certificate that it shows over TLS; it vouches for itself. */
  get caFile(): string {
    return join(this.#folder, "server.pem");
  }

  /** Ends the program by a signal. What it had taken and not yet written is lost with SIGKILL. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#process.kill(signal);
    await exitOf(this.#process, this.#program.name);
  }

  /** Starts it again after `stop`, at the same ports; what it has written stays. Resolves when it receives. */
  async startAgain(): Promise<void> {
    rmSync(join(this.#folder, "pid"), { force: true });
    this.#process = await startProcess(this.#program.prepare(this.#folder, this.ports, join(this.#folder, RECEIVED)));
    // What is still in buffers of the one before must not answer for this one.
    await this.#isUp(`${PROBE}-${this.#process.pid}`);
  }

  /** What the program itself says, for the message of a failed test. */
  told(): string {
    return this.#process.stderr();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Reads what has been written since the last time. What follows the last line feed is being written. */
  #readOn(): void {
    const bytes = bytesFrom(join(this.#folder, RECEIVED), this.#readBytes);
    const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
    this.#readBytes += whole.length;
    for (const line of whole.toString().split("\n").slice(0, -1)) this.#read.push(this.#program.read(line));
  }

  async #isUp(probe = PROBE): Promise<void> {
    let exited = false;
    void this.#process.exited.then(() => {
      exited = true;
    });
    const missing = new Set<SyslogTransport>(SYSLOG_TRANSPORTS);
    await poll(`${this.#program.name} to receive`, async () => {
      if (exited) return true;
      for (const by of missing) {
        // Refused until it listens.
        await sendSyslog(this.ports, by, [`<110>1 - - ${probe} ${by} - - -`]).catch(() => {});
      }
      this.#readOn();
      for (const by of missing)
        if (this.#read.some(({ appName, processId }) => appName === probe && processId === by)) missing.delete(by);
      return missing.size === 0;
    });
    if (exited) throw new Error(`${this.#program.name} has ended`);
  }
}

function bytesFrom(path: string, from: number): Buffer {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    // Nothing has arrived yet.
    return Buffer.alloc(0);
  }
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - from));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from));
  } finally {
    closeSync(file);
  }
}
