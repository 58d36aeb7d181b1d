package provision

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// aptScript installs packages. The lists may be older than the packages that the mirrors still
// have; where they cannot be brought up to date, those that are there may do.
const aptScript = `set -e
export DEBIAN_FRONTEND=noninteractive
%s
apt-get -q -o DPkg::Lock::Timeout=300 update || :
apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"`

// Apt installs packages of Debian or Ubuntu by apt-get, as root or by sudo without a password.
// prepare is what the shell does before.
func Apt(ctx context.Context, prepare string, packages ...string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return err
	}
	shell := append([]string{"sh", "-c", fmt.Sprintf(aptScript, prepare), "apt"}, packages...)
	if os.Getuid() != 0 {
		if err := exec.CommandContext(ctx, "sudo", "-n", "true").Run(); err != nil {
			return fmt.Errorf("neither root nor sudo without a password: %w", err)
		}
		shell = append([]string{"sudo", "-n"}, shell...)
	}
	// Its output goes to standard error: standard output is the command's that the tests run
	// under. Where the context ends, the installer is asked to stop, and waited for.
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	return cmd.Run()
}
