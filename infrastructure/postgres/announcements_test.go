package postgres_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/pgtest"
)

func TestAnnouncements(t *testing.T) {
	t.Parallel()
	dsn := pgtest.New(t)
	here, there := open(t, dsn), open(t, dsn)
	heard := make(chan struct{}, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		postgres.NewAnnouncements(here, slog.New(slog.DiscardHandler)).Listen(ctx, func() { heard <- struct{}{} })
	}()
	hear := func(what string) {
		t.Helper()
		select {
		case <-heard:
		case <-time.After(time.Minute):
			t.Fatal("not heard: ", what)
		}
	}
	announce := func() {
		t.Helper()
		if err := postgres.NewAnnouncements(there, slog.New(slog.DiscardHandler)).Announce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	hear("that listening has begun")
	announce()
	hear("an announcement of another instance")
	// A connection that is lost is made anew, and what was missed meanwhile is made up for.
	mustExec(t, there, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()")
	hear("that listening has begun again")
	announce()
	hear("an announcement after that")
	cancel()
	<-ended
}
