// Command api is the authentication service. It takes its configuration from the
// environment or a .env file; README.md lists the variables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
	"gofiber-auth/pkg/logger"
)

// version is set by the build.
var version = "dev"

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2 // flags or configuration
)

func main() {
	os.Exit(run())
}

func run() int {
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	showVersion := flags.Bool("version", false, "print the version and exit")
	checkHealth := flags.Bool("healthcheck", false, "ask the service at APP_PORT whether it is ready, and exit 0 or 1")
	if err := flags.Parse(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitDone
		}
		return exitMisuse
	}
	if *showVersion {
		fmt.Println(version)
		return exitDone
	}
	source, err := config.Read(os.Environ())
	if err != nil {
		logger.New(os.Stdout, logFormat(""), "info").Error("the configuration cannot be read", "error", err)
		return exitMisuse
	}
	cfg, err := config.Load(source.Getenv)
	if err != nil {
		return tellFaults(err, source.Getenv)
	}
	if *checkHealth {
		return healthcheck(cfg.App)
	}
	format := logFormat(cfg.Log.Format)
	l := logger.New(os.Stdout, format, cfg.Log.Level)
	// What libraries write with the standard library's loggers becomes lines of ours.
	slog.SetDefault(l)
	log.SetFlags(0)
	if alike := config.LookAlikes(source.Names()); len(alike) > 0 {
		l.Warn("some variables resemble ours and are not read", "variables", alike)
	}

	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once

	service, err := di.New(ctx, cfg, l, version)
	if err != nil {
		if ctx.Err() != nil {
			return exitDone // told to stop before it had begun
		}
		if faults, ok := errors.AsType[config.Faults](err); ok {
			return tellFaults(faults, source.Getenv)
		}
		l.Error("the service cannot start", "error", err)
		return exitFailed
	}
	announce(os.Stdout, format, l, service)
	if err := service.Run(ctx); err != nil {
		l.Error("the service stopped", "error", err)
		return exitFailed
	}
	l.Info("stopped")
	return exitDone
}

// tellFaults logs what is wrong with the configuration, a line for each variable.
func tellFaults(err error, getenv func(string) string) int {
	l := logger.New(os.Stdout, logFormat(getenv("LOG_FORMAT")), "info")
	var faults config.Faults
	errors.As(err, &faults)
	for _, f := range faults {
		l.Error("the configuration is wrong", "variable", f.Variable, "want", f.Want)
	}
	return exitMisuse
}

// logFormat returns the format to log in: the given one, or text for a person at a terminal.
func logFormat(format string) string {
	if format != "json" && format != "text" {
		format = "json"
		if term.IsTerminal(int(os.Stdout.Fd())) {
			format = "text"
		}
	}
	return format
}

// announce says where the service is: as a line of the log, or plainly to a person.
func announce(w io.Writer, format string, l *slog.Logger, s *di.Container) {
	if format == "json" {
		l.Info("ready", "version", version, "address", s.URL(), "docs", s.URL()+"/docs", "nats", s.Bus())
		return
	}
	fmt.Fprintf(w, "\n  gofiber-auth %s is ready\n\n", version)
	if s.HasDemo() {
		fmt.Fprintf(w, "    Demo   %s/\n", s.URL())
	}
	fmt.Fprintf(w, "    API    %s/api/v1\n    Docs   %s/docs\n    NATS   %s\n\n  Ctrl-C stops it.\n\n", s.URL(), s.URL(), s.Bus())
}
