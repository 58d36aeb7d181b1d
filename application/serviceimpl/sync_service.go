package serviceimpl

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

const (
	relayLease     = "relay"
	relayLeaseTTL  = 4 * time.Second        // how soon another instance takes over from one that died
	relayRenewal   = time.Second            // how often the lease is renewed, or asked for
	relayPoll      = 500 * time.Millisecond // the safety net under the wake-ups
	relayBatch     = 1024                   // events published together
	relayAckWait   = 15 * time.Second       // for one batch; the publisher gives up on a silent bus sooner
	relayGrace     = time.Second            // for marking what is acknowledged, and the lease, in a stop
	relayBackoff   = 100 * time.Millisecond // after a failure, doubled up to the limit
	relayBackoffTo = 5 * time.Second
)

// RelayDeps is all that Relay needs. Every field is required.
type RelayDeps struct {
	Queue     repositories.OutboxQueue
	Leases    repositories.Leases
	Publisher services.EventPublisher
	Wakeups   *Wakeups
	Holder    string // names this instance among those that share a database
	// Announce tells the other instances that an event was committed here; it may be lost. It
	// is asked for only while another one relays.
	Announce func(ctx context.Context) error
	Now      func() time.Time
	Log      *slog.Logger
}

// Wakeups is how others tell a relay that there is something to do. Its methods never block
// and may be called before there is a relay.
type Wakeups struct {
	committed   chan struct{} // holds one token when this instance has committed an event
	announced   chan struct{} // holds one token when another one has
	reconnected chan struct{} // holds one token when the bus has come back
}

// NewWakeups returns Wakeups for one relay.
func NewWakeups() *Wakeups {
	return &Wakeups{
		committed: make(chan struct{}, 1), announced: make(chan struct{}, 1), reconnected: make(chan struct{}, 1),
	}
}

// Committed tells the relay that an event was committed by this instance.
func (w *Wakeups) Committed() { signal(w.committed) }

// Announced tells the relay that an event was committed by some instance.
func (w *Wakeups) Announced() { signal(w.announced) }

// BusIsBack tells the relay that trying again makes sense at once.
func (w *Wakeups) BusIsBack() { signal(w.reconnected) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been told and has not looked yet
	}
}

// Relay takes events from the outbox to the bus: at least once, in order per user. Of
// several instances the one that holds the lease does it. Should two do it for a moment (one
// was paused past its lease), the order still holds: each publishes only the first unpublished
// event of a user, and the stream drops what it has already by its Nats-Msg-Id.
type Relay struct {
	RelayDeps

	renewAt time.Time
	held    bool
}

// NewRelay returns a relay that does nothing until Run.
func NewRelay(d RelayDeps) *Relay { return &Relay{RelayDeps: d} }

// Run relays until ctx ends.
func (r *Relay) Run(ctx context.Context) {
	backoff := relayBackoff
	for ctx.Err() == nil {
		progress, err := r.pass(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			r.Log.WarnContext(ctx, "events wait", "error", err, "retry_in", backoff.String())
			// A commit does not cut this wait short: the bus is no better for it.
			wait(ctx, jitter(backoff), r.Wakeups.reconnected)
			backoff = min(2*backoff, relayBackoffTo)
		case progress:
			backoff = relayBackoff
		default:
			backoff = relayBackoff
			r.idle(ctx)
		}
	}
}

// idle waits until there may be something to do. A commit that another instance has to relay
// is announced to it.
func (r *Relay) idle(ctx context.Context) {
	poll := time.NewTimer(relayPoll)
	defer poll.Stop()
	select {
	case <-ctx.Done():
	case <-poll.C:
	case <-r.Wakeups.announced:
	case <-r.Wakeups.reconnected:
	case <-r.Wakeups.committed:
		if r.held {
			return
		}
		if err := r.Announce(ctx); err != nil && ctx.Err() == nil {
			r.Log.DebugContext(ctx, "a commit was not announced; the other instance polls", "error", err)
		}
	}
}

// Drain publishes what waits, until nothing does, something fails or ctx ends, and gives the
// lease to another instance. Call it after Run has returned.
func (r *Relay) Drain(ctx context.Context) {
	for {
		progress, err := r.pass(ctx)
		if err != nil {
			r.Log.WarnContext(ctx, "events stay in the outbox until the next start", "error", err)
		}
		if err != nil || !progress {
			break
		}
	}
	if r.held {
		ctx, cancel := grace(ctx)
		defer cancel()
		if err := r.Leases.Release(ctx, relayLease, r.Holder); err != nil {
			r.Log.WarnContext(ctx, "the relay's lease was not released; it ends by itself", "error", err)
		}
	}
}

// pass publishes one batch if this instance holds the lease. It reports whether any event
// got through, and the first failure.
func (r *Relay) pass(ctx context.Context) (progress bool, err error) {
	if held, err := r.hold(ctx); err != nil || !held {
		return false, err
	}
	events, err := r.Queue.Heads(ctx, relayBatch)
	if err != nil || len(events) == 0 {
		return false, err
	}
	acks, publishErr := r.publish(ctx, events)
	if len(acks) > 0 {
		// What the bus has must be marked even when the service is told to stop meanwhile.
		markCtx, cancel := grace(ctx)
		defer cancel()
		if err := r.Queue.MarkPublished(markCtx, acks, r.Now()); err != nil {
			return false, err
		}
	}
	return len(acks) > 0, publishErr
}

func (r *Relay) publish(ctx context.Context, events []models.OutboxEvent) (acks []repositories.Published, err error) {
	ctx, cancel := context.WithTimeout(ctx, relayAckWait)
	defer cancel()
	for i, result := range r.Publisher.Publish(ctx, events) {
		if result.Err != nil {
			if err == nil {
				err = result.Err
			}
			continue
		}
		acks = append(acks, repositories.Published{EventID: events[i].ID, StreamSequence: result.StreamSequence})
	}
	return acks, err
}

// hold reports whether this instance has the lease, which it renews now and then.
func (r *Relay) hold(ctx context.Context) (bool, error) {
	// Should the clock be set back, the lease must not wait for it to catch up.
	if now := r.Now(); !now.Before(r.renewAt) || r.renewAt.Sub(now) > relayRenewal {
		held, err := r.Leases.Acquire(ctx, relayLease, r.Holder, relayLeaseTTL)
		if err != nil {
			r.held = false
			return false, err
		}
		if held != r.held {
			r.Log.InfoContext(ctx, "relay", "holds_lease", held)
		}
		r.held, r.renewAt = held, now.Add(relayRenewal)
	}
	return r.held, nil
}

// grace returns a context that ends a little later than ctx does, for what must not be left
// half done by a stop.
func grace(ctx context.Context) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(relayGrace, cancel)
		context.AfterFunc(later, func() { timer.Stop() })
	})
	return later, func() { stop(); cancel() }
}

// wait returns after d, when ctx ends, or when wake, which may be nil, has something.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
}

// jitter returns a duration between half of d and d, so that instances do not try in step.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // nobody gains by guessing it
}
