package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startWithin = 60 * time.Second // a loaded machine takes some seconds
	stopWithin  = 10 * time.Second
)

// cluster is a running server and the temporary folder that holds all of it.
type cluster struct {
	folder   string
	version  string
	port     int
	password string
	process  *exec.Cmd
	ended    chan struct{} // closed when the process is gone
}

// url is the server's address as its superuser.
func (c *cluster) url() string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", c.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)),
		Path:     "/postgres",
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// start makes a cluster in a temporary folder, starts its server and waits until it takes
// connections. After an error or an ended context nothing is left of it.
func start(ctx context.Context, b binaries, durable bool) (_ *cluster, err error) {
	folder, err := os.MkdirTemp("", "withpostgres-")
	if err != nil {
		return nil, err
	}
	// A random password, since a superuser of PostgreSQL runs programs as this account:
	// other accounts of the machine must not become one.
	c := &cluster{folder: folder, version: b.version, password: rand.Text()}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	as, err := unprivileged(folder)
	if err != nil {
		return nil, err
	}
	if err := c.init(ctx, b, as); err != nil {
		return nil, err
	}
	if err := c.launch(b, as, durable); err != nil {
		return nil, err
	}
	return c, c.ready(ctx)
}

func (c *cluster) data() string    { return filepath.Join(c.folder, "data") }
func (c *cluster) logFile() string { return filepath.Join(c.folder, "log") }

// init makes the cluster's files.
func (c *cluster) init(ctx context.Context, b binaries, as account) error {
	secret := filepath.Join(c.folder, "password")
	if err := as.write(secret, c.password); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(b.folder, "initdb"),
		"--pgdata="+c.data(), "--username=postgres", "--pwfile="+secret, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	as.run(cmd, c.folder)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return os.Remove(secret)
}

// launch starts the server's process.
func (c *cluster) launch(b binaries, as account, durable bool) error {
	var err error
	if c.port, err = freePort(); err != nil {
		return err
	}
	args := []string{
		"-D", c.data(),
		"-c", "listen_addresses=127.0.0.1",
		"-c", "port=" + strconv.Itoa(c.port),
		"-c", "unix_socket_directories=", // their paths may have no more than 107 characters
		"-c", "max_connections=200",
	}
	if !durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	log, err := os.Create(c.logFile())
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own handle
	server := exec.Command(filepath.Join(b.folder, "postgres"), args...)
	server.Stdout, server.Stderr = log, log
	as.run(server, c.folder)
	// Of its own group, so that a terminal's Ctrl-C leaves it up until the command has ended.
	server.SysProcAttr.Setpgid = true
	endWithParent(server.SysProcAttr)
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
func (c *cluster) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !c.accepts() {
		select {
		case <-tick.C:
		case <-c.ended:
			return fmt.Errorf("%s ended while starting:\n%s", c.version, c.log())
		case <-ctx.Done():
			return fmt.Errorf("%s did not start: %w\n%s", c.version, ctx.Err(), c.log())
		}
	}
	return nil
}

// accepts reports whether the status line of the server's pid file, its eighth, says that
// the server takes connections. That is what pg_ctl waits for, too.
func (c *cluster) accepts() bool {
	pid, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	lines := strings.Split(string(pid), "\n")
	return err == nil && len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
}

// log returns what the server wrote.
func (c *cluster) log() string {
	b, err := os.ReadFile(c.logFile())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// stop ends the server and removes its folder. A nil cluster has stopped.
func (c *cluster) stop() error {
	if c == nil {
		return nil
	}
	if c.process != nil {
		// SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
		_ = c.process.Process.Signal(syscall.SIGINT)
		select {
		case <-c.ended:
		case <-time.After(stopWithin):
			_ = c.process.Process.Signal(syscall.SIGQUIT)
			<-c.ended
		}
	}
	return os.RemoveAll(c.folder)
}
