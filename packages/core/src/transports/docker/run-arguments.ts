import type { DockerOptions } from "../../options.ts";
import { parseVolume } from "./container-options.ts";

/** Marks containers that the gateway runs; its value is "true". */
export const MANAGED_LABEL = "mcp.hangar.managed";

/** On such a container, the id of the server that it is. */
const SERVER_LABEL = "mcp.hangar.server";

/** Seconds a container has between SIGTERM and SIGKILL of the engine: whoever removes one has asked gently before. */
const STOP_SECONDS = 1;

/** What is decided for one container, apart from the options. */
export interface ContainerIdentity {
  /** Id of the server. */
  readonly server: string;
  /** Name of the container, unlike any other's. */
  readonly name: string;
  /** Variables that the client finds in its own environment. */
  readonly byName: readonly string[];
  /** Variables whose values have to be on the command line. */
  readonly byValue: Readonly<Record<string, string>>;
}

/**
 * The arguments of `docker run` and `podman run`, which read these alike. Each option carries its value in the same
 * argument and everything else follows a `--`, so that no value can become an option, whatever it is.
 */
export function runArguments(options: DockerOptions, identity: ContainerIdentity): readonly string[] {
  const { server, name, byName, byValue } = identity;
  return [
    "run",
    // Removed with its end. Its init reaps zombies, and passes on signals that a first process would ignore.
    "--rm",
    "--interactive",
    "--init",
    `--name=${name}`,
    `--label=${MANAGED_LABEL}=true`,
    `--label=${SERVER_LABEL}=${server}`,
    // Or the engine would write every message, arguments and results, to a file on the host that nobody rotates.
    "--log-driver=none",
    // Podman gives a container that much before it removes it, ten seconds unless told; Docker gives none.
    `--stop-timeout=${STOP_SECONDS}`,
    `--pull=${options.pull}`,
    `--network=${options.network}`,
    ...(options.read_only ? ["--read-only"] : []),
    ...options.tmpfs.map((path) => `--tmpfs=${path}:rw,noexec,nosuid,nodev`),
    ...(isLimit(options.memory) ? [`--memory=${options.memory}`] : []),
    ...(options.cpus === 0 ? [] : [`--cpus=${options.cpus}`]),
    ...(options.pids_limit === 0 ? [] : [`--pids-limit=${options.pids_limit}`]),
    ...(options.user === undefined ? [] : [`--user=${options.user}`]),
    ...options.cap_drop.map((capability) => `--cap-drop=${capability}`),
    ...options.cap_add.map((capability) => `--cap-add=${capability}`),
    ...(options.no_new_privileges ? ["--security-opt=no-new-privileges"] : []),
    ...options.volumes.map(mount),
    ...byName.map((variable) => `--env=${variable}`),
    ...Object.entries(byValue).map(([variable, value]) => `--env=${variable}=${value}`),
    "--",
    options.image,
    ...options.args,
  ];
}

/** A bind mount refuses a folder that is missing; `--volume` would make one, owned by root. */
function mount(text: string): string {
  const volume = parseVolume(text);
  if (volume === undefined) throw new TypeError(`"${text}" is not a volume.`);
  const { host, container, readOnly } = volume;
  return `--mount=type=bind,source=${host},target=${container}${readOnly ? ",readonly" : ""}`;
}

function isLimit(memory: string): boolean {
  return Number.parseInt(memory, 10) > 0;
}
