/** A field of a protobuf message: a number, or the bytes of a text or message. Fixed-width fields are left out. */
interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

const RETRY_INFO = "google.rpc.RetryInfo";

/**
 * Milliseconds for which a server asks to be left alone, by the `google.rpc.Status` in the trailer `grpc-status-details-bin`, as the
 * specification of OTLP has it; `undefined` when it does not, or the bytes are no such message.
 */
export function retryAfterOf(status: Uint8Array): number | undefined {
  try {
    for (const detail of messagesAt(status, 3)) {
      const [type] = messagesAt(detail, 1);
      if (type === undefined || !Buffer.from(type).toString().endsWith(`/${RETRY_INFO}`)) continue;
      for (const info of messagesAt(detail, 2)) for (const delay of messagesAt(info, 1)) return millisecondsOf(delay);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

/** A `google.protobuf.Duration`. */
function millisecondsOf(duration: Uint8Array): number {
  const numbers = new Map(fieldsOf(duration).map(({ number, value }) => [number, Number(value)]));
  return (numbers.get(1) ?? 0) * 1_000 + (numbers.get(2) ?? 0) / 1e6;
}

function messagesAt(message: Uint8Array, field: number): readonly Uint8Array[] {
  return fieldsOf(message).flatMap(({ number, value }) =>
    number === field && value instanceof Uint8Array ? [value] : [],
  );
}

/** @throws RangeError when the bytes are no message. */
function fieldsOf(message: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[offset];
      if (byte === undefined || shift > 2 ** 63) throw new RangeError("a number has no end");
      offset += 1;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  const skip = (bytes: number): Uint8Array => {
    const part = message.subarray(offset, offset + bytes);
    if (part.length < bytes) throw new RangeError("the message ends too soon");
    offset += bytes;
    return part;
  };
  while (offset < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wireType = tag % 8;
    if (wireType === 0) fields.push({ number, value: varint() });
    else if (wireType === 2) fields.push({ number, value: skip(varint()) });
    else if (wireType === 1 || wireType === 5) skip(wireType === 1 ? 8 : 4);
    else throw new RangeError("a field of an unknown kind");
  }
  return fields;
}
