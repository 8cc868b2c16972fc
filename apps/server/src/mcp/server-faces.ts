import type { TelemetryBus } from "@mcp-hangar/telemetry";
import type { McpFace } from "./index.ts";

export interface ServerFacesOptions {
  /** Whether there is a server of that id now. */
  readonly exists: (id: string) => boolean;
  readonly create: (id: string) => McpFace;
  readonly bus: TelemetryBus;
}

/** One face a server, made when somebody comes for it. It ends with the server, when the last calls of that are finished. */
export class ServerFaces {
  readonly #options: ServerFacesOptions;
  readonly #faces = new Map<string, McpFace>();
  readonly #unsubscribe: () => void;
  #closed = false;

  constructor(options: ServerFacesOptions) {
    this.#options = options;
    this.#unsubscribe = options.bus.on("server_faces", (event) => {
      if (event.type === "server.unregistered") this.#end(event.server);
    });
  }

  /** The face of a server; `undefined` when there is no such server, or no longer. */
  get(id: string): McpFace | undefined {
    if (this.#closed || !this.#options.exists(id)) return undefined;
    const known = this.#faces.get(id);
    if (known !== undefined) return known;
    const face = this.#options.create(id);
    this.#faces.set(id, face);
    return face;
  }

  /** As of each face. */
  watchLists(): () => void {
    const tell = [...this.#faces.values()].map((face) => face.watchLists());
    return () => {
      for (const each of tell) each();
    };
  }

  /** Answers what still runs at any face with the end of the gateway. */
  interrupt(): void {
    for (const face of this.#faces.values()) face.interrupt();
  }

  /** Ends the sessions and streams of all faces. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    await Promise.all([...this.#faces.values()].map((face) => face.close()));
    this.#faces.clear();
  }

  #end(id: string): void {
    // The face of a server that came back under the same id goes on.
    if (this.#options.exists(id)) return;
    void this.#faces.get(id)?.close("server_removed");
    this.#faces.delete(id);
  }
}
