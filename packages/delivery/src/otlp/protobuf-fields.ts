/** A field of a protobuf message: a number, or the bytes of a text or message. Fixed-width fields are left out. */
interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** The messages, texts or byte fields of this number in a message. @throws RangeError when the bytes are no message. */
export function bytesAt(message: Uint8Array, field: number): readonly Uint8Array[] {
  return fieldsOf(message).flatMap(({ number, value }) =>
    number === field && value instanceof Uint8Array ? [value] : [],
  );
}

/** The number in the last field of this number in a message, else 0; beyond 2^53 not exact. @throws RangeError when the bytes are no message. */
export function numberAt(message: Uint8Array, field: number): number {
  const last = fieldsOf(message).findLast(({ number, value }) => number === field && typeof value === "number");
  return Number(last?.value ?? 0);
}

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
