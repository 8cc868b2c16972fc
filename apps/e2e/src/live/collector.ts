import { poll } from "@mcp-hangar/testing";
import { type OtlpBehaviour, OtlpReceiver } from "@mcp-hangar/testing/otlp";

/** An OpenTelemetry collector of the fleet that a test can make worse and well again. Its ports stay the same. */
export class Collector implements AsyncDisposable {
  #receiver: OtlpReceiver;

  private constructor(receiver: OtlpReceiver) {
    this.#receiver = receiver;
  }

  static async start(): Promise<Collector> {
    return new Collector(await OtlpReceiver.start());
  }

  get httpUrl(): string {
    return this.#receiver.httpUrl;
  }

  get grpcUrl(): string {
    return this.#receiver.grpcUrl;
  }

  /** Treats every export like this from now on. */
  behave(behaviour: OtlpBehaviour): void {
    this.#receiver.behave(behaviour);
  }

  /** Ends it. Disposing of the result starts another one at the same ports. */
  async stop(): Promise<AsyncDisposable> {
    const { httpPort, grpcPort } = this.#receiver;
    await this.#receiver.close();
    return {
      [Symbol.asyncDispose]: async () => {
        this.#receiver = await OtlpReceiver.start({ httpPort, grpcPort });
      },
    };
  }

  /** Waits until it has taken exports that it had not when this was called. */
  async takesExports(): Promise<void> {
    const { exports } = this.#receiver;
    const before = exports.length;
    await poll("the collector to take exports", () => exports.length > before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver.close();
  }
}
