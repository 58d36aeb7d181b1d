package main

import (
	"context"
	"fmt"
	"time"

	_ "github.com/glebarez/go-sqlite"  // the driver "sqlite"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"gofiber-auth/pkg/userevents"
	"gofiber-auth/pkg/userevents/userstore"
)

// finishing is how long what is in work when a signal comes may take to its end.
const finishing = 5 * time.Second

// keeper keeps the copy of the users that -db asks for.
type keeper struct {
	users    *userstore.Store
	snapshot userevents.Snapshot // without a URL there is none
	onlyNew  bool
	notes    *notes
}

// openCopy opens the database, and waits for one that is away. It returns nil when ctx ends.
func openCopy(ctx context.Context, at string, notes *notes) *userstore.Store {
	for wait := 100 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 2*time.Second) {
		users, err := userstore.Open(ctx, at)
		if err == nil {
			return users
		}
		if ctx.Err() == nil {
			notes.database(err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return nil
}

// apply applies an event, to its end even if a signal comes meanwhile.
func (k keeper) apply(ctx context.Context, e userevents.Event) error {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(finishing):
			cancel()
		case <-last.Done():
		}
	})
	defer stop()
	return k.users.Apply(last, e)
}

// bootstrap fills a gap with a snapshot, or begins with what the stream has.
func (k keeper) bootstrap(ctx context.Context, gap userevents.Gap) error {
	switch {
	case k.snapshot.URL != "":
		if err := k.users.Restore(ctx, gap, k.snapshot); err != nil {
			return err
		}
		k.notes.progress(fmt.Sprintf("copied all users from %s; their events follow from #%d", k.snapshot.URL, gap.End.Sequence+1))
		return nil
	case gap.Was.Stream.IsZero() && k.onlyNew:
		return k.users.Begin(ctx, gap, gap.End)
	}
	if gap.Was.Stream.IsZero() && gap.Begin.Sequence > 0 {
		k.notes.progress(fmt.Sprintf("events were missed: the stream begins with event %d; -snapshot would have the users of those before", gap.Begin.Sequence+1))
	}
	return k.users.Begin(ctx, gap, gap.Begin)
}
