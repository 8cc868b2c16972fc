// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file has its own ${…}.
import { createHmac, generateKeyPairSync } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runHangar } from "@mcp-hangar/testing";
import { LangfuseReceiver } from "@mcp-hangar/testing/langfuse";
import { OtlpReceiver } from "@mcp-hangar/testing/otlp";
import { canary } from "./canaries.ts";
import { followFromStart } from "./event-follower.ts";
import { bearer, type SecuredGateway, startSecuredGateway } from "./secured-gateway.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { EVERYTHING, nodeServer, startFixture } from "./upstreams.ts";
import { fleetOf } from "./walk/step.ts";
import { fixtureFile } from "./workspace.ts";

/** A gateway with everything on that tells of it, canaries in all that it is given, and everything that left it. */
export interface ObservedGateway extends AsyncDisposable {
  readonly secured: SecuredGateway;
  /** A token of the issuer that the gateway trusts. */
  readonly token: string;
  /** Key of a caller for whom no tool of the servers exists. */
  readonly limited: string;
  /** What the servers were given, as text. */
  given(): Promise<string>;
  /** Stops the gateway, and gives what has left it by each way since its start. */
  stopped(): Promise<Readonly<Record<string, Buffer | string>>>;
}

export interface ObservedOptions {
  readonly protocol: "http/protobuf" | "grpc";
  /** Puts arguments and results on spans and observations. */
  readonly capture: boolean;
}

const ISSUER = "https://issuer.example";
const AUDIENCE = "https://hangar.example/mcp";
/** The header that opens the collector: it is sent there, and nowhere else. */
const COLLECTOR_HEADER = "x-collector-key";

/** Servers: `pipe`, `web` and `basic` tell canaries, over pipes and HTTP; those of `fleetOf` are walked through. */
export async function startObservedGateway({ protocol, capture }: ObservedOptions): Promise<ObservedGateway> {
  await using cleanup = new AsyncDisposableStack();
  const folder = cleanup.use(await temporaryFolder());
  const file = (name: string): string => join(folder.path, name);
  const collector = await OtlpReceiver.start();
  cleanup.defer(() => collector.close());
  const langfuse = await LangfuseReceiver.start();
  cleanup.defer(() => langfuse.close());
  const web = cleanup.use(await startFixture("telling/main.ts", file("given-web"), "http"));
  const fixture = cleanup.use(await startFixture("conformance/main.ts"));
  const telling = nodeServer(
    fixtureFile("telling/main.ts"),
    file("given-pipe"),
    "stdio",
    `--token=${canary("option")}`,
  );
  const secured = cleanup.use(
    await startSecuredGateway(
      {
        logging: { level: "debug", json_format: true, file: file("log") },
        history: { file: file("history.db") },
        config_reload: { watch: false },
        management: { allow_runtime_servers: ["remote"] },
        mcp_servers: {
          ...fleetOf(`${fixture.url}?api_key=${canary("query")}`, nodeServer(EVERYTHING)),
          pipe: {
            ...telling,
            env: { ...(telling.env as object), GIVEN: canary("environment"), EXPANDED: "${HANGAR_CANARY}" },
            call_timeout_s: 1,
          },
          web: {
            mode: "remote",
            endpoint: `${web.url}?api_key=${canary("query")}`,
            auth: { type: "bearer", token: canary("bearer") },
            headers: { "x-configured": canary("header"), "x-too": canary("repeated") },
            call_timeout_s: 1,
          },
          basic: {
            mode: "remote",
            endpoint: web.url,
            auth: { type: "basic", username: "hangar", password: canary("password") },
          },
        },
        auth: {
          jwt: { issuer: ISSUER, audience: [AUDIENCE], secret: jwtSecret, default_roles: ["admin"] },
          roles: { limited: { permissions: ["tools:call"], tools: { allow: ["hidden/*"] } } },
          lockout: { max_failures: 1_000 },
        },
        compliance: {
          journal: { folder: file("journal"), mode: "fail_closed" },
          capture: { public_key_file: await captureKey(file), tools: ["*"], results: true },
          sinks: ["json-lines", "cef", "syslog"].map((format) => {
            return { type: "file", name: format, path: file(`records.${format}`), format };
          }),
        },
        observability: {
          otlp_audit: { spool_folder: file("spool") },
          tracing: { args_hash_key: canary("hash-key"), capture_arguments: capture, capture_results: capture },
          langfuse: { enabled: true, host: langfuse.url, scrub_inputs: !capture, scrub_outputs: !capture },
        },
      },
      {
        HANGAR_CANARY: canary("variable"),
        UNUSED_CANARY: canary("unused-variable"),
        OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "grpc" ? collector.grpcUrl : collector.httpUrl,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_HEADERS: `${COLLECTOR_HEADER}=${canary("collector-key")}`,
        OTEL_BSP_SCHEDULE_DELAY: "50",
        LANGFUSE_PUBLIC_KEY: LangfuseReceiver.publicKey,
        LANGFUSE_SECRET_KEY: LangfuseReceiver.secretKey,
      },
    ),
  );
  const limited = await secured.keyFor("limited", "limited");
  const follower = cleanup.use(await followFromStart(secured.gateway.url, bearer(secured.admin)));
  const owned = cleanup.move();
  const read = async (names: (name: string) => boolean): Promise<Buffer> => {
    const found = (await readdir(folder.path, { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile() && names(entry.parentPath === folder.path ? entry.name : entry.parentPath),
    );
    return Buffer.concat(await Promise.all(found.map(({ parentPath, name }) => readFile(join(parentPath, name)))));
  };
  return {
    secured,
    limited,
    token: signedToken(),
    given: async () => String(await read((name) => name.startsWith("given-"))),
    async stopped() {
      const spool = await read((name) => name.endsWith("spool"));
      await secured.gateway.stop();
      const sent = (signal: string) => {
        const exports = collector.raw.filter(({ headers }) => headers.includes(signal));
        const heads = exports.map(({ headers }) => withoutKey(headers));
        return Buffer.concat([...exports.map(({ body }) => body), Buffer.from(heads.join("\n"))]);
      };
      return {
        stderr: secured.gateway.process.stderr(),
        stdout: secured.gateway.process.stdout(),
        "log file": await read((name) => name === "log"),
        history: await read((name) => name.startsWith("history.db")),
        events: follower.heard(),
        traces: sent(protocol === "grpc" ? "TraceService" : "/v1/traces"),
        audit: sent(protocol === "grpc" ? "LogsService" : "/v1/logs"),
        journal: await read((name) => name.endsWith("journal")),
        "files of audit records": await read((name) => name.startsWith("records.")),
        "spool of audit": Buffer.concat([spool, await read((name) => name.endsWith("spool"))]),
        langfuse: langfuse.raw.join("\n"),
        decrypted: await decrypted(file),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Makes the key of those who may read what calls were given; the name of its public half. */
async function captureKey(file: (name: string) => string): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  await writeFile(file("capture.key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await writeFile(file("capture.pub.pem"), publicKey.export({ type: "spki", format: "pem" }));
  return file("capture.pub.pem");
}

/** What they read. */
async function decrypted(file: (name: string) => string): Promise<string> {
  const args = ["audit", "export", "--journal", file("journal"), "--decrypt", file("capture.key.pem")];
  const { code, stdout, stderr } = await runHangar(args);
  if (code !== 0) throw new Error(`audit export says: ${stderr}`);
  return stdout;
}

/** A canary as well; a secret of HS256 has 32 bytes at least. */
const jwtSecret = canary("secret-that-signs-tokens");

function signedToken(): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const times = { iat: Math.floor(Date.now() / 1_000), exp: Math.floor(Date.now() / 1_000) + 600 };
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: "agent", note: canary("claims"), ...times };
  const input = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${input}.${createHmac("sha256", jwtSecret).update(input).digest("base64url")}`;
}

/** The key that opens the collector is no leak there. */
function withoutKey(headers: string): string {
  return headers.replaceAll(canary("collector-key"), "");
}
