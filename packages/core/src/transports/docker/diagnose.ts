import type { DockerOptions } from "../../options.ts";
import { describeExit, diagnoseExit, type FailedStart, quoteStderr } from "../diagnosis.ts";
import { StartError } from "../session.ts";

/**
 * What a client's exit code says: the engine's own failure, or one of the command in the container. A client that may not
 * use the engine's socket, or does not find it, ends with one of the latter two: it goes by the words of the error.
 */
const ENGINE_FAILED = 125;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const KILLED = 137;

interface Cause {
  /** In the last lines of stderr. The words are those of Docker and of Podman. */
  readonly words: RegExp;
  readonly code: string;
  /** Counts whatever the exit code is: the words are those of an init or a loader, and a server's own begin otherwise. */
  readonly always?: true;
  readonly explain: (options: DockerOptions) => string;
}

/** Failures of an engine, each with what to do about it. The first that fits counts. */
const CAUSES: readonly Cause[] = [
  {
    words: /permission denied while trying to connect|dial unix .*permission denied/i,
    code: "engine_denied",
    explain: () =>
      "the gateway may not use the engine's socket. Run it as a user of the socket's group, or use rootless Podman; whoever may use the socket of a rootful engine is root.",
  },
  {
    words:
      /cannot connect to the docker daemon|is the docker daemon running|failed to connect to the docker API|cannot connect to podman|unable to connect to podman/i,
    code: "engine_unreachable",
    explain: () =>
      "the engine does not run, or not where DOCKER_HOST or CONTAINER_HOST says. Start it, or correct that.",
  },
  {
    words: /no space left on device/i,
    code: "disk_full",
    explain: () => "the engine's disk is full. Remove images that nobody needs.",
  },
  {
    words: /toomanyrequests|rate limit/i,
    code: "image_pull_failed",
    explain: ({ image }) =>
      `the registry of ${image} refuses more pulls for now. Log in, or keep the image in a registry of your own.`,
  },
  {
    words: /TLS handshake|no such host|i\/o timeout|connection refused|network is unreachable/i,
    code: "image_pull_failed",
    explain: ({ image }) =>
      `the registry of ${image} could not be reached. Check the network and the proxy of the engine.`,
  },
  {
    words:
      /no such image|image not known|manifest.*unknown|manifest for .* not found|pull access denied|: denied|repository .*does not exist|short-name .* did not resolve|unauthorized|requested access to the resource is denied|initializing source/i,
    code: "image_missing",
    explain: ({ image, pull }) =>
      pull === "never"
        ? `the image ${image} is not on this machine, and pull is never. Pull it, or set pull to missing.`
        : `the image ${image} cannot be pulled. Correct its name and tag, or log in to its registry as the gateway's user.`,
  },
  {
    words: /bind source path does not exist|statfs .*no such file|error mounting|mounts denied/i,
    code: "volume_missing",
    explain: () =>
      'a folder of "volumes" cannot be mounted. Create it on the machine of the engine, or correct its path.',
  },
  {
    words: /network .*not found/i,
    code: "network_missing",
    explain: ({ network }) => `there is no network ${network}. Create it, or correct "network".`,
  },
  {
    words: /unable to find user|no matching entries in passwd/i,
    code: "user_missing",
    explain: ({ user }) => `the image knows no user ${user ?? "of that name"}. Give its number in "user".`,
  },
  {
    words: /container-init binary|catatonit/i,
    code: "init_missing",
    explain: () => "Podman has no init for containers. Install catatonit.",
  },
  {
    words: /minimum memory limit|unable to set memory limit/i,
    code: "limit_invalid",
    explain: ({ memory }) => `no container runs with ${memory} of memory. Raise "memory".`,
  },
  {
    words: /range of CPUs is from/i,
    code: "limit_invalid",
    explain: ({ cpus }) => `the engine's machine has fewer processors than ${cpus}. Lower "cpus".`,
  },
  {
    words: /cgroup|pids limit|memory limit|cpu cfs|NanoCPUs/i,
    code: "limit_unsupported",
    explain: () =>
      'this engine cannot enforce a limit. Turn the one it names off with 0: "memory", "cpus" or "pids_limit".',
  },
  {
    words: /^exec .*exec format error/im,
    code: "not_executable",
    always: true,
    explain: ({ image }) => `${image} was built for another processor. Use an image for this one.`,
  },
  {
    words: /^(?:ERROR \(catatonit|\[FATAL tini).*Resource temporarily unavailable/m,
    code: "limit_invalid",
    always: true,
    explain: ({ pids_limit: limit }) => `the container may not have more than ${limit} processes. Raise "pids_limit".`,
  },
  {
    words: /^(?:ERROR \(catatonit|\[FATAL tini).*No such file or directory/m,
    code: "command_not_found",
    always: true,
    explain: ({ image }) =>
      `the entrypoint of ${image} was not found in it. Correct the image, or "args" if it has no entrypoint.`,
  },
  {
    words: /^(?:ERROR \(catatonit|\[FATAL tini).*Permission denied/m,
    code: "not_executable",
    always: true,
    explain: ({ image }) =>
      `the entrypoint of ${image} cannot be executed. Check its permissions, and that "args" suits it.`,
  },
];

/** Says why a container ended before its server spoke MCP, and what to do about it. */
export function diagnoseContainer(options: DockerOptions, end: Omit<FailedStart, "command">): StartError {
  const found = explain(options, end);
  if (found === undefined) return diagnoseExit({ command: `the container of ${options.image}`, ...end });
  return new StartError(found.code, `${found.message}${quoteStderr(end.stderr)}`);
}

/** How a container ended in which a server ran, as a clause. */
export function describeContainerEnd({ memory }: DockerOptions, code: number | undefined): string {
  const end = describeExit(code);
  return code === KILLED ? `${end}: raise "memory" above ${memory} if that is it` : end;
}

/** What to add when a start took too long: the pull of an image is the usual reason. */
export function explainDelay(options: DockerOptions, stderr: readonly string[]): string | undefined {
  return stderr.some((line) => /unable to find image|pulling from|trying to pull/i.test(line))
    ? ` It was pulling the image ${options.image}: pull it before, or raise start_timeout_s.`
    : undefined;
}

function explain(
  options: DockerOptions,
  { code, stderr }: Omit<FailedStart, "command">,
): { code: string; message: string } | undefined {
  const text = stderr.join("\n");
  const isOfEngine = code === ENGINE_FAILED || code === NOT_EXECUTABLE || code === NOT_FOUND;
  const cause = CAUSES.find(({ words, always }) => (isOfEngine || always) && words.test(text));
  if (cause !== undefined) return { code: cause.code, message: cause.explain(options) };
  switch (code) {
    case ENGINE_FAILED:
      return { code: "engine_failed", message: "the engine could not run the container (exit code 125)." };
    case NOT_EXECUTABLE:
      return {
        code: "not_executable",
        message: `the entrypoint of ${options.image} cannot be executed (exit code 126). Check its permissions, and that "args" suits it.`,
      };
    case NOT_FOUND:
      return {
        code: "command_not_found",
        message: `the entrypoint of ${options.image} was not found in it (exit code 127). Correct the image, or "args" if it has no entrypoint.`,
      };
    case KILLED:
      return {
        code: "killed",
        message: `the container of ${options.image} was killed (exit code 137), which is what happens when it needs more memory than ${options.memory}. Raise "memory".`,
      };
    default:
      return undefined;
  }
}
