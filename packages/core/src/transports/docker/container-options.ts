import { z } from "zod";

/**
 * `[registry[:port]/]path[:tag][@digest]`, after the grammar of the distribution project. It begins with a letter or
 * digit, so that an image is never taken for an option.
 */
const IMAGE =
  /^(?:[a-zA-Z0-9]+(?:[.-]+[a-zA-Z0-9]+)*(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,128})?$/;

/** Commas, colons and quotes separate the parts of a mount, and cannot be written in one; nor can control characters. */
const PATH = /^\/[^:,"\p{Cc}]*$/u;

const WITHOUT_NUL = /^[^\0]*$/;
const withoutNul = z.string().regex(WITHOUT_NUL, "must not contain NUL");

const path = z
  .string()
  .max(4_096)
  .regex(PATH, 'must be an absolute path without commas, colons, double quotes and control characters, such as "/tmp"');

/** One bind mount, as it is written in `volumes`. */
export interface Volume {
  readonly host: string;
  readonly container: string;
  readonly readOnly: boolean;
}

/** Reads `host:container`, `host:container:ro` or `host:container:rw`; `undefined` when it is none of them. */
export function parseVolume(text: string): Volume | undefined {
  const [host = "", container = "", access = "ro", ...rest] = text.split(":");
  if (!PATH.test(host) || !PATH.test(container) || container === "/" || rest.length > 0) return undefined;
  if (access !== "ro" && access !== "rw") return undefined;
  return { host, container, readOnly: access === "ro" };
}

const volume = z
  .string()
  .max(8_192)
  .refine((text) => parseVolume(text) !== undefined, {
    error:
      'must be "host:container" or "host:container:rw": absolute paths without commas, colons, double quotes and control characters',
  });

const capability = z
  .string()
  .regex(/^[A-Z][A-Z_]{0,63}$/, 'must be the name of a capability, such as "NET_BIND_SERVICE"');

/** What a container of `mode: docker` may be told, without what all servers share. */
export const containerOptions = {
  image: z
    .string()
    .max(512)
    .regex(IMAGE, 'must be the name of an image, such as "ghcr.io/acme/weather:1.2"')
    .describe("Image to run, with a tag or digest."),
  engine: z
    .enum(["docker", "podman", "auto"])
    .default("docker")
    .describe("Engine whose client is run; auto takes Docker where it is installed, else Podman."),
  command: z.string().min(1).regex(WITHOUT_NUL).optional().describe("Path of the engine's client, when not in PATH."),
  args: z.array(withoutNul).max(1_000).default([]).describe("Arguments to the entrypoint of the image."),
  env: z
    .record(z.string().regex(/^[A-Za-z_]\w{0,254}$/, "must be a name of letters, digits and _"), withoutNul)
    .default({})
    .describe("Variables of the container. Values are not on the client's command line, with few exceptions."),
  volumes: z
    .array(volume)
    .max(100)
    .default([])
    .describe("Folders of the host to mount: host:container, read-only unless it ends in :rw."),
  network: z
    .string()
    .regex(/^[a-zA-Z0-9][\w.:-]{0,254}$/, 'must be the name of a network, such as "bridge"')
    .default("none")
    .describe("Network of the container; none cuts it off."),
  read_only: z.boolean().default(true).describe("Mounts the image read-only; tmpfs and volumes stay writable."),
  tmpfs: z.array(path).max(100).default(["/tmp"]).describe("Writable folders in memory, gone with the container."),
  memory: z
    .string()
    .regex(/^\d{1,15}[bkmg]?$/, 'must be a number of bytes with an optional unit, such as "512m"')
    .default("512m")
    .describe("Memory the container may use, with a unit b, k, m or g; 0 for no limit."),
  cpus: z.number().min(0).max(10_000).default(0).describe("Processors the container may use; 0 for no limit."),
  pids_limit: z.int().min(0).max(4_194_304).default(256).describe("Processes the container may have; 0 for no limit."),
  user: z
    .string()
    .regex(/^\w[\w.-]{0,63}(?::\w[\w.-]{0,63})?$/, 'must be a user or user:group, such as "1000:1000"')
    .optional()
    .describe("User in the container, when not the image's own."),
  cap_drop: z.array(capability).max(100).default(["ALL"]).describe("Capabilities the container loses."),
  cap_add: z.array(capability).max(100).default([]).describe("Capabilities the container gets back."),
  no_new_privileges: z.boolean().default(true).describe("Keeps setuid programs from gaining privileges."),
  pull: z
    .enum(["always", "missing", "never"])
    .default("missing")
    .describe("When the image is pulled. Pulling counts towards start_timeout_s."),
} as const;
