import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { type Answer, HttpReceiver, type Received } from "./http-receiver.ts";

export const S3_ACCESS = { accessKeyId: "AKIATEST", secretAccessKey: "secret/with+signs=" };
export const REGION = "eu-test-1";

export interface StoredObject {
  readonly text: string;
  readonly headers: Received["headers"];
}

/**
 * A bucket behind the S3 API that takes nothing but what is right: signatures of version 4 that it computes for itself from what arrived,
 * checksums, conditions, and locks with a date in the future.
 */
export class S3Receiver {
  readonly http: HttpReceiver;
  readonly objects = new Map<string, StoredObject>();
  readonly #bucket: string;

  private constructor(http: HttpReceiver, bucket: string) {
    this.http = http;
    this.#bucket = bucket;
  }

  static async start(bucket: string, port = 0): Promise<S3Receiver> {
    const parts: { receiver?: S3Receiver } = {};
    const http = await HttpReceiver.start((request) => parts.receiver?.answer(request) ?? { status: 500 }, { port });
    parts.receiver = new S3Receiver(http, bucket);
    return parts.receiver;
  }

  /** All records, in the order of the names of their objects. */
  get lines(): readonly string[] {
    const sorted = [...this.objects].toSorted(([one], [other]) => (one < other ? -1 : 1));
    return sorted.flatMap(([, { text }]) => text.trimEnd().split("\n"));
  }

  answer(request: Received): Answer {
    const { method, path, headers, body, text } = request;
    const problem = signatureProblem(request);
    if (problem !== undefined) return refuse(403, problem);
    if (method !== "PUT") return refuse(405, "MethodNotAllowed");
    // The bucket is the first part of the host, or of the path.
    const prefix = headers.host?.startsWith(`${this.#bucket}.`) ? "/" : `/${this.#bucket}/`;
    if (!path.startsWith(prefix)) return refuse(404, "NoSuchBucket");
    const key = decodeURIComponent(path.slice(prefix.length));
    const checksum = createHash("sha256").update(body).digest("base64");
    if (headers["x-amz-checksum-sha256"] !== checksum) return refuse(400, "BadDigest");
    if (headers["x-amz-object-lock-mode"] !== undefined) {
      const isChecked = headers["content-md5"] !== undefined || headers["x-amz-sdk-checksum-algorithm"] === "SHA256";
      if (!isChecked) return refuse(400, "InvalidRequest");
      const until = Date.parse(String(headers["x-amz-object-lock-retain-until-date"]));
      if (!(until > Date.now())) return refuse(400, "InvalidArgument");
    }
    if (headers["if-none-match"] === "*" && this.objects.has(key)) return refuse(412, "PreconditionFailed");
    this.objects.set(key, { text, headers });
    return { status: 200 };
  }
}

function refuse(status: number, code: string): Answer {
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>` };
}

/** Why a signature of version 4 is not right; `undefined` when it is. By the documentation of the S3 API, with nothing of the sender. */
function signatureProblem({ method, path, headers, body }: Received): string | undefined {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  if (found === null) return "AuthorizationHeaderMalformed";
  const [, id, date = "", region = "", names = "", signature = ""] = found;
  if (id !== S3_ACCESS.accessKeyId) return "InvalidAccessKeyId";
  if (region !== REGION) return "AuthorizationHeaderMalformed";
  const signed = names.split(";");
  const mustBeSigned = Object.keys(headers).filter((name) => name.startsWith("x-amz-") || name === "host");
  if (mustBeSigned.some((name) => !signed.includes(name)) || signed.join() !== signed.toSorted().join())
    return "AccessDenied";
  const payload = createHash("sha256").update(body).digest("hex");
  if (headers["x-amz-content-sha256"] !== payload) return "XAmzContentSHA256Mismatch";
  const time = String(headers["x-amz-date"]);
  if (!/^\d{8}T\d{6}Z$/.test(time) || !time.startsWith(date)) return "AccessDenied";
  const at = Date.parse(time.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));
  if (Math.abs(Date.now() - at) > 900_000) return "RequestTimeTooSkewed";
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, " ")}\n`).join("");
  const canonical = [method, path.split("?")[0], path.split("?")[1] ?? "", lines, names, payload].join("\n");
  const scope = `${date}/${region}/s3/aws4_request`;
  const digest = createHash("sha256").update(canonical).digest("hex");
  const text = ["AWS4-HMAC-SHA256", time, scope, digest].join("\n");
  const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${S3_ACCESS.secretAccessKey}`, date), region), "s3"), "aws4_request");
  const right = hmac(key, text);
  return timingSafeEqual(right, Buffer.from(signature, "hex")) ? undefined : "SignatureDoesNotMatch";
}
