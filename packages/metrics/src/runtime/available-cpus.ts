/** Reads a file of the kernel; `undefined` when there is none. */
export type ReadFile = (path: string) => string | undefined;

/**
 * CPUs the process may use, which may be a fraction: the smallest quota of its control group and the groups above it
 * (version 2, else version 1), and never more than `machineCpus`, which honours CPU affinity. The file formats are those
 * of https://docs.kernel.org/admin-guide/cgroup-v2.html and .../scheduler/sched-bwc.html.
 */
export function availableCpus(readFile: ReadFile, machineCpus: number): number {
  const groups = readFile("/proc/self/cgroup") ?? "";
  const version2 = groupPath(groups, (controllers) => controllers === "");
  const version1 = groupPath(groups, (controllers) => controllers.split(",").includes("cpu"));
  const quotas = [
    ...foldersUpwards(version2).map((folder) => quotaOfVersion2(readFile(`/sys/fs/cgroup${folder}/cpu.max`))),
    ...foldersUpwards(version1).map((folder) =>
      quotaOfVersion1(
        readFile(`/sys/fs/cgroup/cpu${folder}/cpu.cfs_quota_us`),
        readFile(`/sys/fs/cgroup/cpu${folder}/cpu.cfs_period_us`),
      ),
    ),
  ];
  return Math.min(machineCpus, ...quotas);
}

/** The path of the process in one hierarchy; each line of the file is `id:controllers:path`. */
function groupPath(groups: string, matches: (controllers: string) => boolean): string {
  for (const line of groups.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers !== undefined && path !== undefined && matches(controllers)) return path;
  }
  return "/";
}

/** `/a/b` gives `/a/b`, `/a` and the root. In a container the path may be that of the host, and only the root exists. */
function foldersUpwards(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  return [...parts.keys(), parts.length].map((depth) =>
    parts
      .slice(0, depth)
      .map((part) => `/${part}`)
      .join(""),
  );
}

/** `cpu.max` holds `<quota or max> <period>` in microseconds. */
function quotaOfVersion2(text: string | undefined): number {
  const [quota = "max", period = "100000"] = text?.trim().split(/\s+/) ?? [];
  return quotaOf(Number(quota), Number(period));
}

/** A quota of -1 means no limit. */
function quotaOfVersion1(quota: string | undefined, period: string | undefined): number {
  return quotaOf(Number(quota), Number(period));
}

function quotaOf(quotaMicroseconds: number, periodMicroseconds: number): number {
  return quotaMicroseconds > 0 && periodMicroseconds > 0 ? quotaMicroseconds / periodMicroseconds : Infinity;
}
