// Test_subscriber prints the events of the auth service as they come, and with -db keeps a
// copy of the users in tables of its own. It is also what a service that reads the events
// begins as: a durable consumer of pkg/userevents and, for the copy, a store of
// pkg/userevents/userstore.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"gofiber-auth/pkg/userevents"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal does not wait
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// The exit codes.
const (
	done = iota
	failed
	misused
)

// options are what the flags say.
type options struct {
	url, stream, durable string
	json, onlyNew        bool
	db                   string
	snapshot             userevents.Snapshot
}

// parse reads the flags. What is not among them comes from the environment of the service.
func parse(args []string, getenv func(string) string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("test_subscriber", flag.ContinueOnError)
	flags.SetOutput(stderr)
	// The defaults are not given to the flags: -h would print them, and a password with them.
	flags.StringVar(&o.url, "url", "", "the event `bus`, comma-separated for a cluster (default: NATS_URL, or nats://127.0.0.1:4222)")
	flags.StringVar(&o.stream, "stream", "", "the `name` of the stream (default: NATS_STREAM_NAME, or USER_EVENTS)")
	flags.StringVar(&o.durable, "durable", "test_subscriber", "the `name` under which the bus remembers how far this has read")
	flags.BoolVar(&o.json, "json", false, "print a JSON object a line")
	from := flags.String("from", "all", "where a new durable begins: with all that the stream has, or with what is new")
	flags.StringVar(&o.db, "db", "", "keep a copy of the users in this SQLite `file`, or in a PostgreSQL by its URL;\n"+
		"the variable PGPASSWORD may hold its password")
	flags.StringVar(&o.snapshot.URL, "snapshot", "", "begin the copy with all users of the auth service at this `URL`, and again when\n"+
		"events were missed; the variable SYNC_TOKEN holds that of the service")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	var err error
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *from != "all" && *from != "new":
		err = errors.New("-from must be all or new")
	case o.snapshot.URL != "" && o.db == "":
		err = errors.New("-snapshot needs -db")
	case o.snapshot.URL != "" && *from == "new":
		err = errors.New("-snapshot says where to begin: -from new cannot")
	case o.snapshot.URL != "":
		o.snapshot.Token = getenv("SYNC_TOKEN")
		err = o.snapshot.Check()
	}
	if err != nil {
		fmt.Fprintln(stderr, "test_subscriber:", err)
		flags.Usage()
		return options{}, err
	}
	o.onlyNew = *from == "new"
	o.url = cmp.Or(o.url, getenv("NATS_URL"), "nats://127.0.0.1:4222")
	o.stream = cmp.Or(o.stream, getenv("NATS_STREAM_NAME"), "USER_EVENTS")
	return o, nil
}

// run prints events until ctx ends, and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	o, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return done
	}
	if err != nil {
		return misused
	}
	err = subscribe(ctx, o, stdout, &notes{out: stderr})
	if err == nil {
		return done
	}
	fmt.Fprintln(stderr, "test_subscriber:", err)
	if errors.Is(err, userevents.ErrURL) || errors.Is(err, userevents.ErrUnusable) {
		return misused
	}
	return failed
}

// subscribe prints events, and keeps the copy, until ctx ends or they cannot be printed.
func subscribe(ctx context.Context, o options, stdout io.Writer, notes *notes) error {
	bus, err := userevents.Connect(o.url, "test_subscriber", notes.waiting)
	if err != nil {
		return err
	}
	defer bus.Close()
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	p := printer{out: stdout, show: line, broken: giveUp}
	if o.json {
		p.show = object
	}
	c := userevents.Consumer{
		Conn: bus, Stream: o.stream, Durable: o.durable, Handle: p.print,
		Report: notes.report,
		Ready:  func() { notes.ready(o) },
	}
	if o.onlyNew {
		c.From = userevents.New
	}
	if o.db == "" {
		return errors.Join(c.Run(ctx), p.err)
	}
	users := openCopy(ctx, o.db, notes)
	if users == nil {
		return nil
	}
	k := keeper{users: users, snapshot: o.snapshot, onlyNew: o.onlyNew, notes: notes}
	c.Position, c.Bootstrap = users.Position, k.bootstrap
	c.Handle = func(ctx context.Context, e userevents.Event) error {
		if err := k.apply(ctx, e); err != nil {
			return err
		}
		return p.print(ctx, e)
	}
	return errors.Join(c.Run(ctx), p.err, users.Close())
}
