package redisserver

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// The first version that the service supports: it has GETDEL.
const oldestMajor, oldestMinor = 6, 2

// places are the folders, besides those of PATH, where installations keep their binaries.
var places = []string{"/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/redis/bin"}

// names are what the server's binary is called, the best first. In Debian's packages the
// checker of the tools' package is the server's binary, and its name decides which it is.
var names = []string{"redis-server", "valkey-server", "redis-check-rdb", "valkey-check-rdb"}

// binary is a server that is installed.
type binary struct {
	path    string
	version string // "Redis 7.0.15"
}

// errNone is that no server is installed.
var errNone = errors.New("no Redis found")

// find returns the first server of the folders that is new enough. It fails with errNone where
// there is none.
func find(folders []string) (binary, error) {
	for _, name := range names {
		for _, folder := range folders {
			path, err := filepath.Abs(filepath.Join(folder, name))
			if err != nil {
				continue
			}
			if b, err := inspect(path); err == nil {
				return b, nil
			}
		}
	}
	return binary{}, errNone
}

var versionLine = regexp.MustCompile(`^(Redis|Valkey) server v=((\d+)\.(\d+)\S*)`)

// inspect returns the server whose binary is at the path, if it works here and is new enough.
func inspect(path string) (binary, error) {
	cmd := exec.Command(path, "--version")
	cmd.Args[0] = serverName // see names
	line, err := cmd.CombinedOutput()
	if err != nil {
		return binary{}, fmt.Errorf("%s --version: %w\n%s", path, err, line)
	}
	m := versionLine.FindSubmatch(line)
	if m == nil {
		return binary{}, fmt.Errorf("%s --version: no version in %q", path, line)
	}
	b := binary{path: path, version: fmt.Sprintf("%s %s", m[1], m[2])}
	major, err := strconv.Atoi(string(m[3]))
	minor, err2 := strconv.Atoi(string(m[4]))
	if err := errors.Join(err, err2); err != nil {
		return binary{}, fmt.Errorf("%s: %w", b.version, err)
	}
	if major < oldestMajor || (major == oldestMajor && minor < oldestMinor) {
		return binary{}, fmt.Errorf("%s is older than %d.%d", b.version, oldestMajor, oldestMinor)
	}
	return b, nil
}
