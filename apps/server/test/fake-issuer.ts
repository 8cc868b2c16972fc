import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

/** An issuer of tokens on loopback that does what a test wants, well or badly. */
export interface FakeIssuer extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
  /** Replaces the signing key; the key set says so. */
  rotate(kid: string): Promise<void>;
  /** Answers every request by this; `undefined` brings the good answers back. */
  answerWith(handler: ((request: IncomingMessage, response: ServerResponse) => void) | undefined): void;
  /** Signs a token with the present key. */
  sign(claims: JWTPayload, header?: { readonly kid?: string; readonly [field: string]: unknown }): Promise<string>;
  /** The public key as PEM text, as somebody would use it to forge an HMAC. */
  readonly publicJwk: () => Promise<object>;
}

/** Starts an issuer with a key for ES256. */
export async function startFakeIssuer(): Promise<FakeIssuer> {
  const asked: string[] = [];
  let override: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  let kid = "first";
  let pair: Pair = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = async (): Promise<object> => ({
    ...(await exportJWK(pair.publicKey)),
    kid,
    alg: "ES256",
    use: "sig",
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    asked.push(request.url ?? "");
    if (override !== undefined) return override(request, response);
    const documents: Record<string, unknown> = {
      "/.well-known/openid-configuration": { issuer: url, jwks_uri: `${url}/keys` },
      "/keys": { keys: [await publicJwk()] },
    };
    const document = documents[request.url ?? ""];
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    async rotate(next) {
      kid = next;
      pair = await generateKeyPair("ES256", { extractable: true });
    },
    answerWith(handler) {
      override = handler;
    },
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid, ...header }).sign(pair.privateKey),
    publicJwk,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
