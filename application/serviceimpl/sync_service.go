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
	relayLeaseTTL  = 3 * time.Second        // how soon another instance takes over from one that died
	relayRenewal   = time.Second            // how often the lease is renewed, or asked for
	relayPoll      = 500 * time.Millisecond // the safety net under the wake-ups
	relayBatch     = 2048                   // events published together
	relayLook      = 2 * time.Second        // how often the stream is looked at while nothing is published
	requeueBatch   = 5000                   // lost events put on the queue at once
	relayAckWait   = 15 * time.Second       // for one batch; the publisher gives up on a silent bus sooner
	relayGrace     = time.Second            // for marking what is acknowledged, and the lease, in a stop
	relayBackoff   = 100 * time.Millisecond // after a failure, doubled up to the limit
	relayBackoffTo = 5 * time.Second
	relayPatience  = 10 * time.Second // of failures, after which another instance may try
	relayAside     = 2 * time.Second  // for which it may: longer than it takes to ask for the lease
)

// RelayDeps is all that Relay needs. Every field is required.
type RelayDeps struct {
	Queue     repositories.OutboxQueue
	Leases    repositories.Leases
	Publisher services.EventPublisher
	Wakeups   *Wakeups
	Holder    string // names this instance among those that share a database; empty where there can be no other
	// Announce tells the other instances that an event was committed here; it may be lost. It
	// is asked for only while another one relays.
	Announce func(ctx context.Context) error
	// Reconciled is told how many events the stream had lost, when they are on the queue again.
	Reconciled func(events int64)
	Now        func() time.Time
	Log        *slog.Logger
}

// Wakeups is how others tell a worker, the relay or HTTPSync, that there is something to do.
// Each worker has its own, since who is woken takes the token. Its methods never block and may
// be called before there is a worker.
type Wakeups struct {
	committed   chan struct{} // holds one token when this instance has committed an event
	announced   chan struct{} // holds one token when another one has
	reconnected chan struct{} // holds one token when the bus has come back
}

// NewWakeups returns Wakeups for one worker.
func NewWakeups() *Wakeups {
	return &Wakeups{
		committed: make(chan struct{}, 1), announced: make(chan struct{}, 1), reconnected: make(chan struct{}, 1),
	}
}

// Committed tells the worker that an event was committed by this instance.
func (w *Wakeups) Committed() { signal(w.committed) }

// Announced tells the worker that an event was committed by some instance.
func (w *Wakeups) Announced() { signal(w.announced) }

// BusIsBack tells the relay that trying again makes sense at once.
func (w *Wakeups) BusIsBack() { signal(w.reconnected) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been told and has not looked yet
	}
}

// Relay takes events from the outbox to the bus: at least once, in order per user, and again
// where the stream has lost them. Of several instances the one that holds the lease does it;
// what it learns of the bus it notes only while the lease is still its own.
type Relay struct {
	RelayDeps

	tenure  *tenure
	term    context.Context // the present one of tenure
	held    bool
	failing time.Time          // since when every try has failed; zero after a success
	aside   time.Time          // until when the lease is left to others
	lookAt  time.Time          // when the stream is to be looked at, whether or not there are events
	seen    models.StreamState // the stream that the outbox was last compared with
}

// NewRelay returns a relay that does nothing until Run.
func NewRelay(d RelayDeps) *Relay {
	return &Relay{RelayDeps: d, tenure: newTenure(d.Leases, relayLease, d.Holder)}
}

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
			if wait(ctx, jitter(backoff), r.Wakeups.reconnected) {
				r.failing, r.aside = time.Time{}, time.Time{}
			}
			r.lookAt = time.Time{}
			r.stepAside(ctx)
			backoff = min(2*backoff, relayBackoffTo)
		case progress:
			backoff, r.failing = relayBackoff, time.Time{}
		default:
			backoff, r.failing = relayBackoff, time.Time{}
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
		r.lookAt, r.aside = time.Time{}, time.Time{} // it may have lost its files
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
	ctx, cancel := grace(ctx)
	defer cancel()
	if err := r.tenure.release(ctx); err != nil {
		r.Log.WarnContext(ctx, "the relay's lease was not released; it ends by itself", "error", err)
	}
}

// pass publishes one batch if this instance holds the lease. It reports whether there may be
// more to do at once, and the first failure.
func (r *Relay) pass(ctx context.Context) (progress bool, err error) {
	if held, err := r.hold(ctx); err != nil || !held {
		return false, err
	}
	events, err := r.Queue.Heads(ctx, relayBatch)
	if err != nil || len(events) == 0 && time.Now().Before(r.lookAt) {
		return false, err
	}
	// Nothing goes out before what the stream has lost.
	stream, err := r.Publisher.Stream(ctx)
	if err != nil {
		r.lookAt = time.Now().Add(relayLook)
		if len(events) == 0 { // nobody waits; the publisher says what is wrong
			return false, nil
		}
		return false, err
	}
	if requeued, err := r.reconcile(ctx, stream); err != nil || requeued > 0 {
		return requeued > 0, err
	}
	r.lookAt = time.Now().Add(relayLook)
	if len(events) == 0 {
		return false, nil
	}
	acks, publishErr := r.publish(ctx, stream, events)
	if len(acks) > 0 {
		// What the bus has must be marked even when the service is told to stop meanwhile.
		markCtx, cancel := grace(ctx)
		defer cancel()
		if err := r.Queue.MarkPublished(markCtx, r.tenure.lease(), acks, r.Now()); err != nil {
			return false, err
		}
	}
	return len(acks) > 0, publishErr
}

// publish publishes a batch, however long the bus takes for it, as long as the lease can be
// renewed.
func (r *Relay) publish(ctx context.Context, stream models.StreamState, events []models.OutboxEvent) (acks []repositories.Published, err error) {
	ctx, cancel := context.WithTimeout(ctx, relayAckWait)
	defer cancel()
	ctx, stop := r.tenure.keep(ctx)
	defer stop()
	for i, result := range r.Publisher.Publish(ctx, stream, events) {
		if result.Err != nil {
			if err == nil {
				err = result.Err
			}
			continue
		}
		acks = append(acks, repositories.Published{
			EventID: events[i].ID, StreamID: stream.ID, StreamSequence: result.StreamSequence,
		})
		r.seen.Last = max(r.seen.Last, result.StreamSequence)
	}
	return acks, err
}

// hold reports whether this instance has the lease.
func (r *Relay) hold(ctx context.Context) (bool, error) {
	if time.Now().Before(r.aside) {
		return false, nil
	}
	term, err := r.tenure.hold(ctx)
	if err != nil {
		return false, err
	}
	if held := term != nil; held != r.held {
		r.Log.InfoContext(ctx, "relay", "holds_lease", held)
		r.held = held
	}
	if term != r.term { // others may have published meanwhile
		r.term, r.lookAt, r.seen = term, time.Time{}, models.StreamState{}
	}
	return r.held, nil
}

// stepAside leaves the lease to another instance where this one has failed for a while: what
// keeps it from the bus may not keep the other.
func (r *Relay) stepAside(ctx context.Context) {
	if r.failing.IsZero() {
		r.failing = time.Now()
	}
	if !r.held || time.Since(r.failing) < relayPatience {
		return
	}
	if err := r.tenure.release(ctx); err != nil {
		return // then the database is away, too
	}
	r.held, r.failing, r.aside = false, time.Time{}, time.Now().Add(relayAside)
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

// wait returns after d, when ctx ends, or when wake, which may be nil, has something; it
// reports whether it was that.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) (woken bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
		return true
	}
	return false
}

// jitter returns a duration between half of d and d, so that instances do not try in step.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // nobody gains by guessing it
}
