package main

import (
	"bufio"
	"bytes"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asMain makes this test's own binary the program.
const asMain = "WITHPOSTGRES_TEST_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The fakes of PostgreSQL: each start and end of the server is a line of the file "story"
// beside them. The real one stands behind every other test of the service.
const (
	fakeInitdb   = "#!/bin/sh\nmkdir \"${1#--pgdata=}\"\n"
	fakePostgres = `#!/bin/sh
story=$(dirname "$0")/story
case $1 in
--version)
	echo 'postgres (PostgreSQL) 16.3'
	exit
	;;
esac
trap 'echo stopped >>"$story"; exit 0' INT
echo started >>"$story"
printf '%s\n' 1 2 3 4 5 6 7 'ready   ' >"$2/postmaster.pid"
while :; do sleep 0.05; done
`
)

// program is this program with fakes, and what is left behind by it.
type program struct {
	*exec.Cmd
	stderr bytes.Buffer
	fakes  string
	temp   string
}

// withFakes returns the program, about to run the shell script with a fake server.
func withFakes(t *testing.T, postgres, script string) *program {
	t.Helper()
	fakes := t.TempDir()
	write(t, filepath.Join(fakes, "initdb"), fakeInitdb)
	write(t, filepath.Join(fakes, "postgres"), postgres)
	write(t, filepath.Join(fakes, "story"), "")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: exec.CommandContext(t.Context(), self, "-bin", fakes, "sh", "-c", script), fakes: fakes, temp: t.TempDir()}
	// Where the tests run as root, the fakes run as another account.
	for _, path := range []string{filepath.Dir(fakes), filepath.Dir(p.temp), filepath.Join(fakes, "story")} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	p.Env = append(os.Environ(), asMain+"=1", "TMPDIR="+p.temp, variable+"=")
	p.Cmd.Stderr = &p.stderr
	return p
}

// write makes a program. No test may start a process meanwhile: that would hold the file
// open for a moment, and a file that is open for writing cannot be executed.
func write(t *testing.T, path, content string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

// wantEnd checks how the program ended, and that it left neither server nor folder.
func (p *program) wantEnd(t *testing.T, code int, story string) {
	t.Helper()
	if got := p.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d; standard error:\n%s", got, code, &p.stderr)
	}
	got, err := os.ReadFile(filepath.Join(p.fakes, "story"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != story {
		t.Errorf("the server's story is %q, want %q; standard error:\n%s", got, story, &p.stderr)
	}
	left, err := os.ReadDir(p.temp)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCommandGetsServerAndItsExitCodeIsOurs(t *testing.T) {
	t.Parallel()
	p := withFakes(t, fakePostgres, `echo "$TEST_DATABASE_URL"; cat; exit 7`)
	p.Stdin = strings.NewReader("standard input")
	output, _ := p.Output()
	p.wantEnd(t, 7, "started\nstopped\n")

	address, rest, _ := strings.Cut(string(output), "\n")
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" || u.Hostname() != "127.0.0.1" || u.Port() == "" {
		t.Errorf("%s is %q, %v", variable, address, err)
	}
	if rest != "standard input" {
		t.Errorf("the command read %q from standard input", rest)
	}
	if !strings.Contains(p.stderr.String(), "PostgreSQL 16.3 at 127.0.0.1:"+u.Port()+"\n") {
		t.Errorf("standard error does not say which server runs:\n%s", &p.stderr)
	}
}

// The command here is a shell that waits for another process: both must get the signal.
func TestSignalEndsCommandAndServer(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := withFakes(t, fakePostgres, `echo up; sleep 600; echo the signal did not end sleep`)
			stdout, err := p.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			output := bufio.NewReader(stdout)
			if _, err := output.ReadString('\n'); err != nil {
				_ = p.Wait()
				t.Fatalf("the command did not start: %v\n%s", err, &p.stderr)
			}
			if err := p.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if rest, _ := io.ReadAll(output); len(rest) > 0 {
				t.Errorf("the command went on: %q", rest)
			}
			_ = p.Wait()
			p.wantEnd(t, 128+int(sig), "started\nstopped\n")
		})
	}
}
