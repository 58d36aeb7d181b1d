// Command authctl is the operator's tool. It reads the same environment as the service and
// works beside a running one.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"gofiber-auth/domain"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/contextutil"
)

const usage = `authctl is the operator's tool of gofiber-auth. It reads the service's environment.

  authctl migrate up|down|status                               the database's schema
  authctl user create --email E --username U [--admin]         password from standard input
  authctl user promote|demote|disable|enable E                 E is an e-mail address or an id
  authctl user password E                                      sets a password, from standard input
  authctl user verify E                                        counts the e-mail address as verified
  authctl sessions end --all|E                                 logs a user out, or everyone
  authctl config check [--strict]                              every fault of the configuration
  authctl events status                                        what waits, and the stream
  authctl events replay --user ID|--since TIME|--all [--rate N]
                                                               publishes events again, at most N a second
  authctl keys rotate                                          encrypts providers' tokens under the first key

  authctl version

With --json they print for programs. Exit codes: 0 done, 1 failed, 2 misuse.
`

// version is set by the build.
var version = "dev"

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2
)

// errMisuse says that a command was not called as the usage says.
var errMisuse = errors.New("see authctl --help")

// tool is where a command reads and writes.
type tool struct {
	getenv func(string) string
	names  func() []string // of all variables that are set
	in     *os.File
	out    io.Writer
	errs   io.Writer
	json   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	source, err := config.Read(os.Environ())
	if err != nil {
		fmt.Fprintln(os.Stderr, "authctl:", err)
		os.Exit(exitMisuse) //nolint:gocritic // nothing is open yet
	}
	t := &tool{getenv: source.Getenv, names: source.Names, in: os.Stdin, out: os.Stdout, errs: os.Stderr}
	os.Exit(t.run(ctx, os.Args[1:]))
}

// run carries out one command and returns the exit code.
func (t *tool) run(ctx context.Context, args []string) int {
	err := t.command(contextutil.WithCaller(ctx, contextutil.Caller{Tool: "authctl"}), args)
	var faults config.Faults
	var known *domain.Error
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errFaulty): // which config check has printed
		return exitMisuse
	case errors.Is(err, errMisuse):
		fmt.Fprintln(t.errs, "authctl:", err)
		return exitMisuse
	case errors.As(err, &faults):
		fmt.Fprintln(t.errs, faults)
		return exitMisuse
	case errors.As(err, &known) && known.Kind != domain.Internal && known.Kind != domain.Unavailable:
		fmt.Fprintf(t.errs, "authctl: %s\n", known.Detail)
		for _, f := range known.Fields {
			fmt.Fprintf(t.errs, "  %s %s (%s)\n", f.Field, f.Message, f.Code)
		}
	default:
		fmt.Fprintln(t.errs, "authctl:", err)
	}
	return exitFailed
}

func (t *tool) command(ctx context.Context, args []string) error {
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		isJSON := arg == "--json" || arg == "-json"
		t.json = t.json || isJSON
		return isJSON
	})
	if len(args) == 0 {
		fmt.Fprint(t.errs, usage)
		return fmt.Errorf("no command: %w", errMisuse)
	}
	if slices.ContainsFunc(args, func(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }) {
		args = []string{"help"}
	}
	switch args[0] {
	case "migrate":
		return t.migrate(ctx, args[1:])
	case "user":
		return t.user(ctx, args[1:])
	case "events":
		return t.events(ctx, args[1:])
	case "sessions":
		return t.sessions(ctx, args[1:])
	case "config":
		return t.config(args[1:])
	case "keys":
		return t.keys(ctx, args[1:])
	case "version", "--version":
		fmt.Fprintln(t.out, version)
		return nil
	case "help":
		fmt.Fprint(t.out, usage)
		return nil
	default:
		return fmt.Errorf("there is no command %q: %w", args[0], errMisuse)
	}
}

// print writes a result: as JSON for programs, else as text.
func (t *tool) print(result any, text string) error {
	if !t.json {
		_, err := fmt.Fprintln(t.out, text)
		return err
	}
	return json.NewEncoder(t.out).Encode(result)
}

// log is where the machinery logs: on standard error, and only what goes wrong.
func (t *tool) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(t.errs, &slog.HandlerOptions{Level: slog.LevelWarn}))
}
