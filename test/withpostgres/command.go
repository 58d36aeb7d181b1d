package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"gofiber-auth/test/sysproc"
)

// execute runs the command on this process's own input and output until it ends, passes
// signals on to it, and returns its exit code.
func execute(command, environment []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = environment
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	// At a terminal the command stays in this process's group, which may read from there
	// and gets its Ctrl-C. Elsewhere it has its own, so that a signal reaches all of it:
	// "go test" tells its tests nothing.
	terminal := atTerminal()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !terminal}
	sysproc.EndWithParent(cmd.SysProcAttr, syscall.SIGINT)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return exitCode(err)
		case sig := <-signals:
			switch s := sig.(syscall.Signal); {
			case !terminal:
				_ = syscall.Kill(-cmd.Process.Pid, s)
			case s != syscall.SIGINT && s != syscall.SIGQUIT: // those the terminal sent to the command, too
				_ = cmd.Process.Signal(s)
			}
		}
	}
}

// atTerminal reports whether this process is in the foreground of a terminal.
func atTerminal() bool {
	group, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// exitCode makes an exit code of how a process ended, as a shell does.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		if err != nil {
			return 1, err
		}
		return 0, nil
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return exit.ExitCode(), nil
}
