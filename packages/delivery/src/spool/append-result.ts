/** What became of a record. */
export type AppendResult =
  /** It is on the disk and survives the end of the process and of the machine. */
  { readonly kind: "durable"; readonly sequence: number } | AppendFailure;

/** A record that is not known to be on the disk. It may be found there after a crash all the same. */
export interface AppendFailure {
  readonly kind: "failed";
  /**
   * `full`: the spool may not grow and drops nothing. `too_large`: no segment can hold it. `busy`: too much waits to be
   * written. `closed`: the spool has closed. `io`: the system refused, for example because the disk is full.
   */
  readonly reason: "full" | "too_large" | "busy" | "closed" | "io";
  readonly message: string;
}
