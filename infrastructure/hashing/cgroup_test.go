package hashing

import (
	"testing"
	"testing/fstest"
)

func TestCgroupLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  float64
		ok    bool
	}{
		"version 2, in a container": {map[string]string{
			"proc/self/cgroup":      "0::/\n",
			"sys/fs/cgroup/cpu.max": "150000 100000\n",
		}, 1.5, true},
		"version 2, the tighter limit of a parent": {map[string]string{
			"proc/self/cgroup":                                "0::/auth.slice/auth.service\n",
			"sys/fs/cgroup/auth.slice/cpu.max":                "50000 100000\n",
			"sys/fs/cgroup/auth.slice/auth.service/cpu.max":   "400000 100000\n",
			"sys/fs/cgroup/auth.slice/other.service/cpu.max":  "1000 100000\n",
			"sys/fs/cgroup/auth.slice/auth.service/cpu.stat":  "usage_usec 1\n",
			"sys/fs/cgroup/auth.slice/auth.service/cpu.burst": "0\n",
		}, .5, true},
		"version 2, no limit": {map[string]string{
			"proc/self/cgroup":                     "0::/auth.service\n",
			"sys/fs/cgroup/auth.service/cpu.max":   "max 100000\n",
			"sys/fs/cgroup/auth.service/cpu.stats": "",
		}, 0, false},
		"version 1, in a container that sees the host's path": {map[string]string{
			"proc/self/cgroup":                    "4:memory:/docker/f00\n3:cpu,cpuacct:/docker/f00\n1:name=systemd:/docker/f00\n0::/\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":  "200000\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000\n",
		}, 4, true},
		"version 1, no limit": {map[string]string{
			"proc/self/cgroup":                    "1:cpu:/\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":  "-1\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, 0, false},
		"no control groups":    {nil, 0, false},
		"something else there": {map[string]string{"proc/self/cgroup": "\nx\n0::/\n", "sys/fs/cgroup/cpu.max": "many few"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := fstest.MapFS{}
			for file, text := range c.files {
				root[file] = &fstest.MapFile{Data: []byte(text)}
			}
			if got, ok := cgroupLimit(root); got != c.want || ok != c.ok {
				t.Errorf("cgroupLimit() = %v, %v, want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}
