import { generateKeyPairSync, sign } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** An authorization server that gives a token to whoever asks with the right secret (the client credentials grant). */
export interface AuthorizationServer extends AsyncDisposable {
  /** Its issuer. */
  readonly url: string;
  /** What was asked of `/token`, in order. */
  readonly asked: readonly URLSearchParams[];
}

export const CLIENT_ID = "agent-7";
export const CLIENT_SECRET = "the secret of agent-7";

/** Starts an authorization server on loopback; its tokens say `roles` and last a minute. */
export async function startAuthorizationServer(roles: readonly string[]): Promise<AuthorizationServer> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const asked: URLSearchParams[] = [];
  const tokenFor = (form: URLSearchParams): string => {
    const now = Math.floor(Date.now() / 1_000);
    // What RFC 8707 calls a resource is the audience.
    const claims = {
      iss: url,
      aud: form.get("resource"),
      sub: CLIENT_ID,
      scope: form.get("scope"),
      roles,
      iat: now,
      exp: now + 60,
    };
    const input = `${encode({ alg: "ES256", kid: "k", typ: "at+jwt" })}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${input}.${signature.toString("base64url")}`;
  };
  const documentAt = async (request: IncomingMessage): Promise<object | undefined> => {
    switch (request.url) {
      case "/.well-known/oauth-authorization-server":
      case "/.well-known/openid-configuration":
        return metadata(url);
      case "/keys":
        return { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", use: "sig", alg: "ES256" }] };
      case "/token": {
        const form = new URLSearchParams(await bodyOf(request));
        asked.push(form);
        const basic = `Basic ${Buffer.from(`${CLIENT_ID}:${encodeURIComponent(CLIENT_SECRET)}`).toString("base64")}`;
        const plain = `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString("base64")}`;
        const given = request.headers.authorization;
        if (given !== basic && given !== plain && form.get("client_secret") !== CLIENT_SECRET) return undefined;
        return { access_token: tokenFor(form), token_type: "Bearer", expires_in: 60, scope: form.get("scope") ?? "" };
      }
      default:
        return undefined;
    }
  };
  const server = createServer((request, response) => {
    void documentAt(request).then((document) => {
      response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(document ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an AddressInfo once it listens.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function metadata(url: string): object {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/keys`,
    response_types_supported: ["code"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
    grant_types_supported: ["client_credentials"],
    token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    code_challenge_methods_supported: ["S256"],
    scopes_supported: ["mcp"],
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
