// Command bench measures the service beside yardsticks: programs that do only what the
// service cannot do without, on the same machine, database and bus, in turns with it.
//
//	make bench
//	make bench BENCHFLAGS='-only storm,me -d 10s -rounds 5'
//
// It builds the service, starts it with all that belongs to it on 127.0.0.1, prints a table
// and stops what it started. The server of TEST_DATABASE_URL gets a database that is dropped
// afterwards. A missed target is printed and is no failure: the exit code is 1 only where
// something could not be measured, and 2 for misuse. docs/performance.md says what the rows
// mean.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// longest bounds a run: past it something hangs.
const longest = time.Hour

var (
	errInterrupted = errors.New("interrupted")
	errHangs       = fmt.Errorf("not done within %s", longest)
)

func main() {
	if len(os.Args) == 2 {
		if yardstick, ok := yardsticks[os.Args[1]]; ok {
			os.Exit(runYardstick(yardstick))
		}
	}
	o := options{}
	flag.DurationVar(&o.duration, "d", 5*time.Second, "how long each run under load takes, without its warm-up")
	flag.IntVar(&o.rounds, "rounds", 3, "how often the service and its yardstick take turns")
	flag.DurationVar(&o.patience, "quiet", 0, "how long to wait before each run for a moment when other processes leave the CPUs alone")
	only := flag.String("only", "", "measure only these, comma-separated: "+strings.Join(names(), ", "))
	flag.Parse()
	o.only = strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })
	if err := o.check(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	r, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if err := r.writeTable(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options is what the flags say.
type options struct {
	duration time.Duration
	rounds   int
	patience time.Duration
	only     []string // empty: everything
}

func (o options) check(rest []string) error {
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("-only %s: there are %s", name, strings.Join(names(), ", "))
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %s", rest[0])
	case o.duration < time.Second:
		return errors.New("-d must be at least 1s")
	case o.rounds < 1:
		return errors.New("-rounds must be at least 1")
	}
	return nil
}

// measurement is one thing that is measured, in rounds.
type measurement struct {
	name    string
	measure func(*lab, context.Context) ([]row, error)
}

var measurements = []measurement{
	{"storm", (*lab).storm},
	{"me", (*lab).me},
	{"drain", (*lab).drain},
	{"latency", (*lab).latency},
	{"cold", (*lab).cold},
}

func names() []string {
	var out []string
	for _, m := range measurements {
		out = append(out, m.name)
	}
	return out
}

// run measures what the options ask for and leaves nothing behind.
func run(o options) (r *report, err error) {
	signals, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(signals, longest, errHangs)
	defer cancel()
	l, err := newLab(ctx, o)
	if err == nil {
		r, err = l.measure(ctx)
		err = errors.Join(err, l.close())
	}
	switch {
	case err == nil:
		return r, nil
	case signals.Err() != nil: // whatever else then failed, failed for that
		return nil, errInterrupted
	case ctx.Err() != nil:
		return nil, errors.Join(context.Cause(ctx), err)
	default:
		return nil, err
	}
}

// measure makes the report.
func (l *lab) measure(ctx context.Context) (*report, error) {
	r := newReport()
	for _, m := range measurements {
		if len(l.only) > 0 && !slices.Contains(l.only, m.name) {
			continue
		}
		say("measuring %s", m.name)
		rows, err := m.measure(l, ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		r.Rows = append(r.Rows, rows...)
	}
	r.OthersBusy = l.noise.mean()
	return r, nil
}

// say prints one line for people, on standard error: standard output is the report's.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
