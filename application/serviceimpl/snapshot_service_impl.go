package serviceimpl

import (
	"context"
	"log/slog"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// snapshotPatience is how long a snapshot waits for the bus to tell of its stream.
const snapshotPatience = 2 * time.Second

// SnapshotsDeps is all that Snapshots needs. Every field is required.
type SnapshotsDeps struct {
	Users  repositories.UserReader
	Events repositories.PublishedEvents
	Stream func(ctx context.Context) (models.StreamState, error) // see services.EventPublisher
	Log    *slog.Logger
}

// Snapshots is all users, for a service that begins to follow the events.
type Snapshots struct{ deps SnapshotsDeps }

var _ services.Snapshots = (*Snapshots)(nil)

// NewSnapshots returns Snapshots on the given parts.
func NewSnapshots(d SnapshotsDeps) *Snapshots { return &Snapshots{d} }

// Begin goes by what the outbox has noted for the stream that is there now, and not by what
// the stream has stored: a message may be stored and not yet synced, and be lost in a crash.
// Where the bus does not answer nobody knows which stream will be there: then all of it.
func (s *Snapshots) Begin(ctx context.Context) (uint64, error) {
	asking, cancel := context.WithTimeout(ctx, snapshotPatience)
	defer cancel()
	stream, err := s.deps.Stream(asking)
	if err != nil {
		s.deps.Log.DebugContext(ctx, "a snapshot begins at 0", "error", err)
		return 0, ctx.Err()
	}
	acknowledged, err := s.deps.Events.LastSequence(ctx, stream.ID)
	return min(acknowledged, stream.Last), err
}

// Users implements services.Snapshots.
func (s *Snapshots) Users(ctx context.Context, after string, limit int) ([]models.User, bool, error) {
	return pageOf(ctx, s.deps.Users, repositories.UserQuery{After: after, Limit: limit})
}

// pageOf returns a page of users and whether there are more behind it.
func pageOf(ctx context.Context, users repositories.UserReader, q repositories.UserQuery) ([]models.User, bool, error) {
	limit := q.Limit
	q.Limit++
	page, err := users.Page(ctx, q)
	if err != nil {
		return nil, false, err
	}
	return page[:min(limit, len(page))], len(page) > limit, nil
}
