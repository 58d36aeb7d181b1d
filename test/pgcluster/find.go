package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// oldest is the first major version that the service supports.
const oldest = 14

// places are the folders, besides those of PATH, where installations keep their binaries:
// Debian, Red Hat, Homebrew on both kinds of Mac, a build from source, Postgres.app.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/usr/local/pgsql/bin",
	"/usr/local/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// binaries is one installation of PostgreSQL.
type binaries struct {
	folder  string // holds initdb and postgres
	version string // "PostgreSQL 16.3"
	major   int
	minor   int
}

// errNone is that no installation is there.
var errNone = errors.New("no PostgreSQL found")

// find returns the newest installation in PATH and in the folders that the patterns match.
// It fails with errNone where there is none of at least the oldest version.
func find(path string, patterns []string) (binaries, error) {
	folders := filepath.SplitList(path)
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return binaries{}, fmt.Errorf("find %s: %w", pattern, err)
		}
		folders = append(folders, matches...)
	}
	var newest binaries
	for _, folder := range folders {
		b, err := inspect(folder)
		if err != nil || b.major < oldest {
			continue
		}
		if b.major > newest.major || (b.major == newest.major && b.minor > newest.minor) {
			newest = b
		}
	}
	if newest.folder == "" {
		return binaries{}, errNone
	}
	return newest, nil
}

var versionLine = regexp.MustCompile(`PostgreSQL\) (\d+)(?:\.(\d+))?`)

// inspect returns the installation whose binaries are in folder.
func inspect(folder string) (binaries, error) {
	// PATH may hold links to them; the server finds its other files from where it really is.
	server, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
	if err != nil {
		return binaries{}, err
	}
	if server, err = filepath.Abs(server); err != nil { // they run in another folder
		return binaries{}, err
	}
	b := binaries{folder: filepath.Dir(server)}
	if _, err := os.Stat(filepath.Join(b.folder, "initdb")); err != nil {
		return binaries{}, err
	}
	line, err := exec.Command(server, "--version").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("%s --version: %w", server, err)
	}
	m := versionLine.FindSubmatch(line)
	if m == nil {
		return binaries{}, fmt.Errorf("%s --version: no version in %q", server, line)
	}
	b.major, _ = strconv.Atoi(string(m[1]))
	b.minor, _ = strconv.Atoi(string(m[2])) // a beta has none: 0
	b.version = fmt.Sprintf("PostgreSQL %d.%d", b.major, b.minor)
	return b, nil
}
