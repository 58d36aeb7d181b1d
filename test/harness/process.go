package harness

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gofiber-auth/test/sysproc"
)

// shown is how many bytes of a program's output a test that failed shows.
const shown = 8 << 10

// Process is a program that runs, or has run.
type Process struct {
	Cmd    *exec.Cmd
	Exited chan struct{} // closed when it has ended

	output lockedBuffer
}

// lockedBuffer is what a process has printed so far, on both streams.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Run starts a program, see Binary, with nothing but env for its environment and in
// an empty folder. It is killed at the end of the test if it still runs; where the test
// failed, the end of what it printed is shown, but for the lines of single requests.
func Run(t testing.TB, env map[string]string, stdin, name string, args ...string) *Process {
	t.Helper()
	p := &Process{Cmd: exec.Command(Binary(name), args...), Exited: make(chan struct{})}
	p.Cmd.Env = []string{} // not ours
	for k, v := range env {
		p.Cmd.Env = append(p.Cmd.Env, k+"="+v)
	}
	p.Cmd.Dir = t.TempDir() // no .env of ours
	p.Cmd.Stdin = strings.NewReader(stdin)
	p.Cmd.Stdout, p.Cmd.Stderr = &p.output, &p.output
	p.Cmd.SysProcAttr = new(syscall.SysProcAttr)
	sysproc.EndWithParent(p.Cmd.SysProcAttr, syscall.SIGKILL)
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Cmd.Wait() // its state tells
		close(p.Exited)
	}()
	t.Cleanup(func() {
		_ = p.Cmd.Process.Kill() // gone already where the test stopped it
		<-p.Exited
		if t.Failed() {
			var output string
			for line := range strings.Lines(p.Output()) {
				if !strings.Contains(line, `"msg":"request"`) {
					output += line
				}
			}
			t.Logf("%s printed:\n%s", name, output[max(0, len(output)-shown):])
		}
	})
	return p
}

// Output is what the process has printed so far.
func (p *Process) Output() string { return p.output.String() }

// ExitCode waits for the process to end and returns how it did.
func (p *Process) ExitCode(t testing.TB) int {
	t.Helper()
	select {
	case <-p.Exited:
		return p.Cmd.ProcessState.ExitCode()
	case <-time.After(Patience):
		t.Fatal("the process does not end")
		return -1
	}
}

// Kill ends the process by SIGKILL.
func (p *Process) Kill(t testing.TB) {
	t.Helper()
	if err := p.Cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.Exited
}
