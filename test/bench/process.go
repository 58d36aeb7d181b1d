package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	startWithin = 30 * time.Second
	stopWithin  = 15 * time.Second
)

// process is a program that was started and is stopped in the end.
type process struct {
	cmd    *exec.Cmd
	log    string // the file of its output
	ended  chan struct{}
	begun  time.Time
	result error
}

// launch starts a program in the folder, with nothing but env for its environment, and its
// output in the file log.
func launch(folder, log string, env []string, name string, args ...string) (*process, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer output.Close() // the process has its own handle
	p := &process{cmd: exec.Command(name, args...), log: log, ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = folder, env
	p.cmd.Stdout, p.cmd.Stderr = output, output
	p.begun = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		p.result = p.cmd.Wait()
	}()
	return p, nil
}

// answers waits until url answers 200.
func (p *process) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if status, _, err := fasthttp.GetTimeout(nil, url, startWithin); err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-tick.C:
		case <-p.ended:
			return p.fault("ended while starting")
		case <-ctx.Done():
			return p.fault("did not start: " + context.Cause(ctx).Error())
		}
	}
}

// wait returns when the process has ended by itself.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.ended:
		if p.result != nil {
			return p.fault(p.result.Error())
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the process in good order, or else by force.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // where it has ended already, that is what was wanted
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopWithin):
		_ = p.cmd.Process.Kill() // the same
		<-p.ended
		return p.fault("did not stop when told to")
	}
}

// fault is what went wrong, with the end of what the process has printed.
func (p *process) fault(what string) error {
	const most = 2000 // bytes
	output, _ := os.ReadFile(p.log)
	return fmt.Errorf("%s %s; it printed:\n%s", p.cmd.Args, what, bytes.TrimSpace(output[max(0, len(output)-most):]))
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

// freeAddress is a free port with its host.
func freeAddress() (string, error) {
	port, err := freePort()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), err
}
