import { describe, expect, test } from "vitest";
import { availableCpus } from "./available-cpus.ts";

const machineCpus = 8;

function cpus(files: Readonly<Record<string, string>>): number {
  return availableCpus((path) => files[path], machineCpus);
}

describe("availableCpus", () => {
  test("is the machine's number where there are no control groups", () => {
    expect(cpus({})).toBe(8);
  });

  test("reads the quota of a container that sees its group as the root", () => {
    expect(cpus({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n" })).toBe(1.5);
  });

  test("reads a quota below one CPU", () => {
    expect(cpus({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "25000 100000\n" })).toBe(0.25);
  });

  test("takes max for no limit", () => {
    expect(cpus({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" })).toBe(8);
  });

  test("takes the smallest quota of all groups above the process", () => {
    const files = {
      "/proc/self/cgroup": "0::/kubepods/pod1/container\n",
      "/sys/fs/cgroup/kubepods/cpu.max": "400000 100000\n",
      "/sys/fs/cgroup/kubepods/pod1/cpu.max": "200000 100000\n",
      "/sys/fs/cgroup/kubepods/pod1/container/cpu.max": "max 100000\n",
    };
    expect(cpus(files)).toBe(2);
  });

  test("finds the quota at the root when the path is that of the host", () => {
    const files = { "/proc/self/cgroup": "0::/docker/abc\n", "/sys/fs/cgroup/cpu.max": "300000 100000\n" };
    expect(cpus(files)).toBe(3);
  });

  test("reads the quota of control groups version 1", () => {
    const files = {
      "/proc/self/cgroup": "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n",
      "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "50000\n",
      "/sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": "100000\n",
    };
    expect(cpus(files)).toBe(0.5);
  });

  test("takes -1 for no limit in version 1", () => {
    const files = {
      "/proc/self/cgroup": "2:cpu:/\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    };
    expect(cpus(files)).toBe(8);
  });

  test("is never more than the machine has", () => {
    expect(cpus({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "6400000 100000\n" })).toBe(8);
  });

  test.each(["", "rubbish", "0 100000", "100000 0"])("takes %j for no limit", (text) => {
    expect(cpus({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": text })).toBe(8);
  });
});
