package hashing

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// cgroupLimit returns how many CPUs' time the process's control group and those above it
// may use, or ok false where there is no limit or no control group. root is the root of the
// file system; the groups are where everybody mounts them, in /sys/fs/cgroup.
func cgroupLimit(root fs.FS) (cpus float64, ok bool) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(groups)) {
		// "0::/system.slice/auth.service", or "4:cpu,cpuacct:/docker/…" of version 1.
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		var mount string
		var limit func(fs.FS, string) (float64, bool)
		switch {
		case fields[1] == "":
			mount, limit = "sys/fs/cgroup", limitV2
		case slices.Contains(strings.Split(fields[1], ","), "cpu"):
			mount, limit = "sys/fs/cgroup/cpu", limitV1
		default:
			continue
		}
		// Up to the mount itself, which inside a container is the group.
		for dir := path.Join("/", fields[2]); ; dir = path.Dir(dir) {
			if l, found := limit(root, path.Join(mount, dir)); found && (!ok || l < cpus) {
				cpus, ok = l, true
			}
			if dir == "/" {
				break
			}
		}
	}
	return cpus, ok
}

// limitV2 reads "150000 100000" or "max 100000".
func limitV2(root fs.FS, dir string) (float64, bool) {
	b, err := fs.ReadFile(root, path.Join(dir, "cpu.max"))
	if err != nil {
		return 0, false
	}
	quota, period, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	return ratio(quota, period)
}

// limitV1 reads the same from two files, the quota being -1 where there is none.
func limitV1(root fs.FS, dir string) (float64, bool) {
	quota, err := fs.ReadFile(root, path.Join(dir, "cpu.cfs_quota_us"))
	if err != nil {
		return 0, false
	}
	period, err := fs.ReadFile(root, path.Join(dir, "cpu.cfs_period_us"))
	if err != nil {
		return 0, false
	}
	return ratio(strings.TrimSpace(string(quota)), strings.TrimSpace(string(period)))
}

func ratio(quota, period string) (float64, bool) {
	q, err := strconv.ParseFloat(quota, 64)
	if err != nil || q <= 0 {
		return 0, false
	}
	p, err := strconv.ParseFloat(period, 64)
	if err != nil || p <= 0 {
		return 0, false
	}
	return q / p, true
}
