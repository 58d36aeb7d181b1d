package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// aptScript installs a package with what it needs. The package lists may be older than the
// packages that the mirrors still have.
const aptScript = `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$0"`

// fromApt installs Debian's package, as root or by sudo without a password. Ubuntu's package of
// that name is an empty one that leads elsewhere: there is no browser after it.
func fromApt(ctx context.Context, say sayer) (string, error) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "", err
	}
	shell := []string{"sh", "-c", aptScript, "chromium"}
	if os.Getuid() != 0 {
		if err := exec.CommandContext(ctx, "sudo", "-n", "true").Run(); err != nil {
			return "", fmt.Errorf("neither root nor sudo without a password: %w", err)
		}
		shell = append([]string{"sudo", "-n"}, shell...)
	}
	say("no browser found: installing the package chromium by apt-get")
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return "", err
	}
	program, err := find()
	if err != nil {
		return "", errors.New("the package chromium holds no browser")
	}
	return program, nil
}
