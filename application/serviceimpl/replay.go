package serviceimpl

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
)

const (
	replayBatch   = 500                    // events put on the queue at once
	replayPoll    = 100 * time.Millisecond // how often it is looked whether they have gone out
	replaySilence = 20 * time.Second       // after which nobody seems to publish them
)

// ErrNotPublished says that events are on the queue and nobody publishes them. They go out
// when the service runs and the bus is there.
var ErrNotPublished = errors.New("the events are on the queue, and nobody publishes them now")

// ReplayDeps is all that Replay needs. Every field is required.
type ReplayDeps struct {
	Work   repositories.UnitOfWork
	Events repositories.Replays
	Now    func() time.Time
}

// Replay publishes events again, as an operator asks: it puts them on the queue, from which
// the relay takes them in order.
type Replay struct{ ReplayDeps }

// NewReplay returns Replay on the given parts.
func NewReplay(d ReplayDeps) *Replay { return &Replay{d} }

// Replayed is how many events were put on the queue: from the outbox, and made of what users
// are now where the outbox no longer has the event.
type Replayed struct {
	Events int64 `json:"events"`
	States int64 `json:"states"`
}

// Requeue puts the events of the selection on the queue, at most perSecond where that is
// not 0. Where neither an event nor the user itself is there, it returns domain.ErrNotFound
// for a selection of one user.
func (r *Replay) Requeue(ctx context.Context, s repositories.Selection, perSecond int) (done Replayed, err error) {
	pace := newPace(perSecond)
	var last repositories.Place
	for {
		n, next, err := r.Events.Requeue(ctx, s, last, pace.batch)
		done.Events += n
		if err != nil {
			return done, err
		}
		if n == 0 {
			break
		}
		last = next
		if err := pace.wait(ctx, n); err != nil {
			return done, err
		}
	}
	for after := ""; ; {
		missing, err := r.Events.WithoutEvent(ctx, s, after, pace.batch)
		if err != nil {
			return done, err
		}
		if len(missing) == 0 {
			break
		}
		n, err := r.appendStates(ctx, missing)
		done.States += n
		if err != nil {
			return done, err
		}
		after = missing[len(missing)-1].UserID
		if err := pace.wait(ctx, n); err != nil {
			return done, err
		}
	}
	if s.UserID != "" && done == (Replayed{}) {
		return done, domain.ErrNotFound
	}
	return done, nil
}

// appendStates puts what users are now on the queue. Who has changed or gone since it was listed
// has an event of that.
func (r *Replay) appendStates(ctx context.Context, users []repositories.Place) (n int64, err error) {
	err = r.Work.Do(ctx, func(ctx context.Context, set repositories.Set) error {
		n = 0
		for _, place := range users {
			u, err := set.Users.ForUpdate(ctx, place.UserID)
			if errors.Is(err, domain.ErrNotFound) || err == nil && u.Version != place.Version {
				continue
			}
			if err != nil {
				return err
			}
			id, err := stateID(u.ID, u.Version)
			if err != nil {
				return err
			}
			if err := set.Outbox.Append(ctx, u.Current(id)); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// stateID returns the id of an event that is made of what a user is now: a UUIDv5 of user id
// and version, so the same whenever it is made.
func stateID(userID string, version int64) (string, error) {
	namespace, err := uuid.Parse(userID)
	if err != nil {
		return "", err
	}
	return uuid.NewSHA1(namespace, []byte(strconv.FormatInt(version, 10))).String(), nil
}

// AwaitPublished returns when everything that had happened before t is published, or
// ErrNotPublished when nothing has moved for a while.
func (r *Replay) AwaitPublished(ctx context.Context, t time.Time) error {
	least, moved := int64(-1), r.Now()
	for {
		n, err := r.Events.Waiting(ctx, t)
		switch {
		case err != nil:
			return err
		case n == 0:
			return nil
		case least < 0 || n < least:
			least, moved = n, r.Now()
		case r.Now().Sub(moved) > replaySilence:
			return ErrNotPublished
		}
		wait(ctx, replayPoll, nil)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// pace keeps a rate.
type pace struct {
	batch    int
	interval time.Duration // for each event; 0 is as fast as it goes
}

func newPace(perSecond int) pace {
	if perSecond <= 0 {
		return pace{batch: replayBatch}
	}
	return pace{batch: min(replayBatch, max(1, perSecond/10)), interval: time.Second / time.Duration(perSecond)}
}

// wait lets n events' time go by.
func (p pace) wait(ctx context.Context, n int64) error {
	if p.interval > 0 {
		wait(ctx, time.Duration(n)*p.interval, nil)
	}
	return ctx.Err()
}
