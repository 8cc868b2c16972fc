import type { Clock } from "@mcp-hangar/delivery";
import type { OtlpDestination } from "./destination.ts";
import type { ReadAnswer } from "./encoding.ts";
import type { OtlpSender, TlsFiles } from "./sender.ts";

interface SenderParts {
  readonly clock: Clock;
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly readAnswer: ReadAnswer;
}

/** The sender for a destination; only what its protocol needs is loaded. Rejects when a certificate cannot be read. */
export async function openSender(
  destination: OtlpDestination,
  { clock, readFile, readAnswer }: SenderParts,
): Promise<OtlpSender> {
  const tls = await readTlsFiles(destination, readFile);
  if (destination.protocol !== "grpc") {
    const { HttpSender } = await import("./http-sender.ts");
    return new HttpSender({ destination, tls, clock, readAnswer });
  }
  const [grpc, { GrpcSender }] = await Promise.all([import("@grpc/grpc-js"), import("./grpc-sender.ts")]);
  return new GrpcSender({ grpc, destination, tls, readAnswer });
}

async function readTlsFiles(
  { url, certificate, clientCertificate, clientKey }: OtlpDestination,
  readFile: SenderParts["readFile"],
): Promise<TlsFiles> {
  if (url.protocol !== "https:") return { ca: undefined, cert: undefined, key: undefined };
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new Error("OTLP: a client certificate and its key belong together; set both, or neither");
  }
  const read = async (name: string, path: string | undefined): Promise<Buffer | undefined> => {
    if (path === undefined) return undefined;
    try {
      return await readFile(path);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`OTLP: ${name} cannot be read: ${why}`, { cause });
    }
  };
  const [ca, cert, key] = await Promise.all([
    read("the certificate", certificate),
    read("the client certificate", clientCertificate),
    read("the client's key", clientKey),
  ]);
  return { ca, cert, key };
}
