import { serverEnvironment } from "../stdio/environment.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** How the client finds its engine and its credentials. The container gets none of it. */
const ENGINE_VARIABLES = [
  "CONTAINERS_CONF",
  "CONTAINERS_REGISTRIES_CONF",
  "CONTAINERS_STORAGE_CONF",
  "CONTAINER_CONNECTION",
  "CONTAINER_HOST",
  "CONTAINER_SSHKEY",
  "DBUS_SESSION_BUS_ADDRESS",
  "DOCKER_API_VERSION",
  "DOCKER_CERT_PATH",
  "DOCKER_CONFIG",
  "DOCKER_CONTEXT",
  "DOCKER_HOST",
  "DOCKER_TLS",
  "DOCKER_TLS_VERIFY",
  "REGISTRY_AUTH_FILE",
  "SSH_AUTH_SOCK",
] as const;

/**
 * Names that mean something to a client, its runtime, its loader or the shell that supervises it. A container may have
 * them, but a client that found the container's values in its own environment would do something else.
 */
const MEANT_FOR_CLIENTS: readonly RegExp[] = [
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|PWD|OLDPWD|TMP|TEMP|TMPDIR|LANG|LANGUAGE|HOSTNAME|NOTIFY_SOCKET|LISTEN_FDS)$/,
  /^(?:IFS|ENV|CDPATH|PS[0-9]|SHELLOPTS|BASHOPTS|BASH_.*)$/,
  /^(?:LC|LD|DYLD|MALLOC|GLIBC|XDG|DBUS|DOCKER|CONTAINER|CONTAINERS|PODMAN|REGISTRY|STORAGE)_/,
  /^(?:LOCPATH|GCONV_PATH|SSL_CERT_(?:FILE|DIR)|SSH_(?:AUTH_SOCK|ASKPASS)|NODE_OPTIONS|NODE_EXTRA_CA_CERTS)$/,
  /^GO(?:DEBUG|GC|MAXPROCS|MEMLIMIT|TRACEBACK|COVERDIR|RACE)$/,
  /^(?:https?|all|no|ftp)_proxy$/i,
];

/** Where the variables of a container go. */
export interface ClientEnvironment {
  /** Environment of the client when it runs the container. */
  readonly run: Readonly<Record<string, string>>;
  /** Environment of the client in everything else, without the container's variables. */
  readonly other: Readonly<Record<string, string>>;
  /** The container's variables that the client takes from its environment, so that nobody sees them in `ps`. */
  readonly byName: readonly string[];
  /** The few that have to be on the command line. */
  readonly byValue: Readonly<Record<string, string>>;
}

/** Divides a container's variables between the environment of the client and its command line. */
export function clientEnvironment(
  inherited: Environment,
  variables: Readonly<Record<string, string>>,
): ClientEnvironment {
  const engine = Object.fromEntries(ENGINE_VARIABLES.map((name) => [name, inherited[name]]));
  const other = serverEnvironment(inherited, engine);
  const entries = Object.entries(variables);
  const hidden = entries.filter(([name]) => !isMeantForClients(name));
  return {
    run: { ...other, ...Object.fromEntries(hidden) },
    other,
    byName: hidden.map(([name]) => name),
    byValue: Object.fromEntries(entries.filter(([name]) => isMeantForClients(name))),
  };
}

function isMeantForClients(name: string): boolean {
  return MEANT_FOR_CLIENTS.some((pattern) => pattern.test(name));
}
