// Command go-consumer is a small Social service beside gofiber-auth: it follows the user
// events into its own tables and serves profiles to whoever bears an access token. It is
// there to be copied from; SERVICE_INTEGRATION.md explains it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// settings is where everything is.
type settings struct {
	listen, auth, nats, stream, durable, database string

	redis string // the auth service's REDIS_URL; "": tokens are verified without it
	app   string // the auth service's APP_NAME

	syncToken string // the auth service's SYNC_TOKEN; "" where it has none

	secretFile, issuer, audience string

	syncSecretFile string // "": events do not come by HTTP
}

func main() {
	var s settings
	flag.StringVar(&s.listen, "listen", "127.0.0.1:8080", "the `address` to serve at")
	flag.StringVar(&s.auth, "auth", "http://localhost:8088", "the `URL` of the auth service")
	flag.StringVar(&s.nats, "nats", "nats://127.0.0.1:4222", "the `URL` of the event bus")
	flag.StringVar(&s.stream, "stream", "USER_EVENTS", "the auth service's NATS_STREAM_NAME")
	flag.StringVar(&s.durable, "durable", "social", "the `name` under which the bus remembers how far this service is")
	flag.StringVar(&s.database, "db", "data/social.db", "an SQLite `file`, or the URL of a PostgreSQL")
	flag.StringVar(&s.secretFile, "jwt-secret", "data/jwt_secret", "the `file` that holds the auth service's JWT_SECRET")
	flag.StringVar(&s.issuer, "issuer", "gofiber-auth", "the auth service's JWT_ISSUER")
	flag.StringVar(&s.audience, "audience", "gofiber-auth", "the auth service's JWT_AUDIENCE")
	flag.StringVar(&s.syncSecretFile, "sync-secret", "", "the `file` that holds the auth service's BACKEND_SYNC_SECRET, if it POSTs events to /events")
	flag.StringVar(&s.app, "app", "gofiber-auth", "the auth service's APP_NAME, for the keys in its Redis")
	flag.Parse()
	s.redis = os.Getenv("REDIS_URL")      // with a password, as the next
	s.syncToken = os.Getenv("SYNC_TOKEN") // never a flag: every user of the machine sees those

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	err := run(ctx, s, log)
	stop()
	if err != nil {
		log.Error("stopped", "error", err)
		os.Exit(1)
	}
}

// run serves and follows the events until ctx ends.
func run(ctx context.Context, s settings, log *slog.Logger) (err error) {
	users, err := OpenUsers(ctx, s.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, users.Close()) }()
	secret, err := os.ReadFile(s.secretFile)
	if err != nil {
		return fmt.Errorf("-jwt-secret: %w", err)
	}
	tokens, err := NewVerifier(bytes.TrimSpace(secret), s.issuer, s.audience)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	api := API{
		Tokens: tokens, Users: users, Log: log,
		Auth: AuthService{URL: s.auth, Client: &http.Client{Timeout: 3 * time.Second}},
	}
	if s.redis != "" {
		options, fault := redis.ParseURL(s.redis)
		if fault != nil { // which repeats the URL, with its password
			return errors.New("REDIS_URL is no URL of a Redis")
		}
		client := redis.NewClient(options)
		defer func() { err = errors.Join(err, client.Close()) }()
		api.Live = &LiveSessions{Redis: client, Prefix: s.app, Auth: api.Auth}
	}
	if s.syncSecretFile != "" {
		secret, err := os.ReadFile(s.syncSecretFile)
		if err != nil {
			return fmt.Errorf("-sync-secret: %w", err)
		}
		api.Events = Webhook{Secret: bytes.TrimSpace(secret), Apply: users.Apply, Log: log}
	}
	server := &http.Server{Handler: api.Handler(), ReadHeaderTimeout: 5 * time.Second}

	// Each needs the other: without the events it should not go on serving.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var serving, following error
	var parts sync.WaitGroup
	parts.Go(func() {
		defer stop()
		serving = server.Serve(listener)
	})
	parts.Go(func() {
		defer stop()
		following = follow(ctx, s, users, log)
	})
	log.Info("ready", "address", listener.Addr().String())
	<-ctx.Done()
	patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = server.Shutdown(patience) // in vain the last requests are cut off
	parts.Wait()
	if errors.Is(serving, http.ErrServerClosed) {
		serving = nil
	}
	return errors.Join(serving, following)
}
