package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	module   = "gofiber-auth/"
	patience = 15 * time.Minute // with the tests of a package; a hang is noticed, too
	rounds   = 3                // of the tests of a package, while one fails by chance
	repeats  = 3                // of a test that failed
	timeOut  = "time-out"
)

// boxes are the black-box tests. Left out is what needs browsers or programs of others, and what
// takes minutes.
var boxes = []string{"test/contract", "test/simulator", "test/e2e", "test/examiner"}

// related are the tests in process that may notice a fault; of the domain those that use it, not
// all that carry its types. The cheapest come first.
var related = map[string][]string{
	"domain": {
		"application/serviceimpl", "domain/models", "infrastructure/limits", "interfaces/api/middleware", "interfaces/api/handlers",
		"interfaces/api/routes", "pkg/di", "infrastructure/sqlite", "infrastructure/postgres",
	},
	"application":    {"interfaces/api/routes", "pkg/di"},
	"infrastructure": {"infrastructure/sqlite", "infrastructure/redis", "application/serviceimpl", "interfaces/api/routes", "pkg/di"},
	"interfaces":     {"interfaces/api/handlers", "interfaces/api/server", "interfaces/api/routes", "pkg/di"},
	"pkg":            {"pkg/userevents", "pkg/userevents/userstore", "pkg/di", "cmd/test_subscriber"},
}

// tests are the packages that have tests, and what each depends on.
type tests map[string][]string

func findTests(ctx context.Context) (tests, error) {
	t := tests{}
	out, err := exec.CommandContext(ctx, "go", "list", "-test", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./...").Output()
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(strings.ReplaceAll(line, module, ""))
		if name, ok := strings.CutSuffix(fields[0], ".test"); ok {
			t[name] = fields
		}
	}
	return t, err
}

// inProcess returns the packages whose tests run the mutant in their own process: its own and
// those related that depend on it.
func (t tests) inProcess(m mutant) []string {
	if *packages != "" {
		return strings.Split(*packages, ",")
	}
	own := path.Dir(m.path)
	layer, _, _ := strings.Cut(own, "/")
	return append([]string{own}, slices.DeleteFunc(slices.Clone(related[layer]), func(name string) bool {
		return name == own || !slices.Contains(t[name], own)
	})...)
}

// blackBox returns the black-box tests that are there: any may notice any mutant.
func (t tests) blackBox(mutant) []string {
	return slices.DeleteFunc(slices.Clone(boxes), func(name string) bool { return t[name] == nil })
}

// catch returns the package and the test that catch the mutant, or "". With an error the mutant
// is no good.
func catch(ctx context.Context, m mutant, packages []string) (by string, err error) {
	folder, err := os.MkdirTemp("", "gofiber-auth-mutant-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	text, planting := m.planted()
	original, finding := filepath.Abs(m.path)
	mutated, overlay := filepath.Join(folder, "mutated.go"), filepath.Join(folder, "overlay.json")
	replace := fmt.Appendf(nil, `{"Replace": {%q: %q}}`, original, mutated)
	err = errors.Join(planting, finding, os.WriteFile(mutated, []byte(text), 0o600), os.WriteFile(overlay, replace, 0o600))
	for _, name := range packages {
		if by == "" && err == nil {
			by, err = fails(ctx, overlay, name)
		}
	}
	if err != nil {
		err = fmt.Errorf("%s %w", m, err)
	}
	return by, err
}

// fails returns the package and a test of it that fails again when it is repeated, or "": what
// failed by chance does not count.
func fails(ctx context.Context, overlay, name string) (string, error) {
	for range rounds {
		failed, err := test(ctx, overlay, name, ".")
		for range repeats {
			if failed == "" || err != nil {
				return "", err
			}
			again := timeOut
			if failed != timeOut {
				again, err = test(ctx, overlay, name, "^"+failed+"$")
			}
			if again != "" {
				return name + " " + failed, err
			}
		}
	}
	return "", nil
}

var failure = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// test runs tests of a package and returns the first that fails, or "". The programs that tests
// build get the overlay from the environment, where nothing may tell them of others.
func test(ctx context.Context, overlay, name, pattern string) (string, error) {
	cmd := exec.CommandContext(ctx, "nice", "-n", "5", "go", "test", "-vet=off", "-count=1", "-failfast",
		"-timeout", patience.String(), "-run", pattern, "./"+name)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = time.Minute
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "TEST_") && !strings.HasPrefix(variable, "TEST_DATABASE_URL=")
	})
	cmd.Env = append(cmd.Env, "GOFLAGS="+os.Getenv("GOFLAGS")+" -p=1 -overlay="+overlay)
	out, err := cmd.CombinedOutput()
	text := string(out)
	switch match := failure.FindStringSubmatch(text); {
	case err == nil, ctx.Err() != nil:
		return "", ctx.Err()
	case strings.Contains(text, "[build failed]"), strings.Contains(text, "[setup failed]"):
		return "", fmt.Errorf("it does not compile: %s", text)
	case strings.Contains(text, "panic: test timed out"):
		return timeOut, nil
	case match == nil:
		return "Test.*", nil // a panic beside the tests, or what TestMain found
	default:
		return match[1], nil
	}
}
