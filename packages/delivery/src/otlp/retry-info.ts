import { bytesAt, numberAt } from "./protobuf-fields.ts";

const RETRY_INFO = "google.rpc.RetryInfo";

/**
 * Milliseconds for which a server asks to be left alone, by the `google.rpc.Status` in the trailer `grpc-status-details-bin`, as the
 * specification of OTLP has it; `undefined` when it does not, or the bytes are no such message.
 */
export function retryAfterOf(status: Uint8Array): number | undefined {
  try {
    for (const detail of bytesAt(status, 3)) {
      const [type] = bytesAt(detail, 1);
      if (type === undefined || !Buffer.from(type).toString().endsWith(`/${RETRY_INFO}`)) continue;
      for (const info of bytesAt(detail, 2)) {
        for (const delay of bytesAt(info, 1)) return numberAt(delay, 1) * 1_000 + numberAt(delay, 2) / 1e6;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}
