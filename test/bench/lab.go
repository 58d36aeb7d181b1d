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
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// variable names the PostgreSQL server; test/withpostgres sets it.
const variable = "TEST_DATABASE_URL"

// lab is everything that runs: the service on PostgreSQL with a bus of its own, users of it,
// and the HTTP yardstick on the same database.
type lab struct {
	options

	folder   string // temporary; holds everything
	api      string // the service's binary
	self     string // this program's, for the yardsticks
	secret   string // JWT_SECRET: the yardstick takes the service's tokens
	pool     int    // connections to the database, of the service and of the yardstick
	database string // URL
	bus      *bus
	service  *service
	bare     *service // the HTTP yardstick
	users    []user
	noise    noise
	closers  []func() error
}

// newLab builds and starts everything. After an error nothing is left of it.
func newLab(ctx context.Context, o options) (l *lab, err error) {
	l = &lab{options: o, secret: rand.Text() + rand.Text(), pool: max(16, 4*runtime.GOMAXPROCS(0)), noise: noise{patience: o.patience}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.folder, err = os.MkdirTemp("", "gofiber-auth-bench-"); err != nil {
		return l, err
	}
	l.closers = append(l.closers, func() error { return os.RemoveAll(l.folder) })
	if l.self, err = os.Executable(); err != nil {
		return l, err
	}
	for _, step := range []func(context.Context) error{
		l.makeDatabase, l.build, l.startBus, l.startService, l.startBare, l.seed,
	} {
		if err := step(ctx); err != nil {
			return l, err
		}
	}
	return l, nil
}

// close stops what was started, the last first.
func (l *lab) close() error {
	var errs []error
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	l.closers = nil
	return errors.Join(errs...)
}

// build builds the service as the Makefile does.
func (l *lab) build(ctx context.Context) error {
	say("building the service")
	l.api = filepath.Join(l.folder, "api")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", l.api, "gofiber-auth/cmd/api")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}

// makeDatabase makes an empty database that is dropped in the end.
func (l *lab) makeDatabase(ctx context.Context) error {
	server := os.Getenv(variable)
	u, err := url.Parse(server)
	if server == "" || err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return errors.New("run `make bench`, or set " + variable + " to a URL such as postgres://user:password@127.0.0.1:5432/postgres")
	}
	name := "bench_" + strings.ToLower(rand.Text())
	if err := execute(ctx, server, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return err
	}
	l.closers = append(l.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin) // also after an interruption
		defer cancel()
		return execute(ctx, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	})
	u.Path = "/" + name
	l.database = u.String()
	return nil
}

// execute runs one statement over a connection of its own.
func execute(ctx context.Context, database, statement string) error {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return fmt.Errorf("connect to the server of %s: %w", variable, err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing hangs on it
	_, err = conn.Exec(ctx, statement)
	return err
}

func (l *lab) startBus(context.Context) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	l.bus = newBus(port, filepath.Join(l.folder, "bus"))
	l.closers = append(l.closers, func() error { l.bus.stop(); return nil })
	return l.bus.start()
}

// service is a running HTTP server.
type service struct {
	*process

	address string // host:port
}

// startService starts the service on PostgreSQL and our bus.
func (l *lab) startService(ctx context.Context) (err error) {
	say("starting it")
	l.service, err = l.serve(ctx, "service", "DATABASE_URL="+l.database, "NATS_URL="+l.bus.url(), "DB_MAX_OPEN_CONNS="+strconv.Itoa(l.pool))
	return err
}

// serve starts the service with its data in a folder of the given name, and waits until it
// answers. It is stopped in the end.
func (l *lab) serve(ctx context.Context, name string, env ...string) (*service, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p, err := launch(l.folder, filepath.Join(l.folder, name+".log"), append(env,
		"APP_ENV=test", "APP_HOST="+host, "APP_PORT="+port, "DATA_DIR="+filepath.Join(l.folder, name),
		"JWT_SECRET="+l.secret, "JWT_EXPIRES_IN=1h", "BCRYPT_COST="+strconv.Itoa(cost),
		"RATE_LIMIT_ENABLED=false", "LOG_FORMAT=json"), l.api)
	if err != nil {
		return nil, err
	}
	l.closers = append(l.closers, p.stop)
	return &service{process: p, address: address}, p.answers(ctx, "http://"+address+"/health")
}

// startBare starts the HTTP yardstick.
func (l *lab) startBare(ctx context.Context) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	p, err := l.yardstick("http", "ADDRESS="+address, "DATABASE="+l.database, "SECRET="+l.secret, "POOL="+strconv.Itoa(l.pool))
	if err != nil {
		return err
	}
	l.closers = append(l.closers, p.stop)
	l.bare = &service{process: p, address: address}
	return p.answers(ctx, "http://"+address+"/hello")
}

// yardstick starts this program as the yardstick of that name.
func (l *lab) yardstick(name string, env ...string) (*process, error) {
	return launch(l.folder, filepath.Join(l.folder, "yardstick-"+name+".log"), env, l.self, "yardstick-"+name)
}

// seed registers the users. They are as many as connections under load.
func (l *lab) seed(ctx context.Context) error {
	say("registering %d users", connections)
	begun := time.Now()
	users, err := l.service.register(ctx, connections)
	l.users = users
	say("that took %s", time.Since(begun).Round(time.Millisecond))
	return err
}
