package serviceimpl

import (
	"context"
	"log/slog"
	"time"

	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

const (
	httpSyncLease     = "http_sync"
	httpSyncParallel  = 16                     // deliveries at once
	httpSyncReserve   = 4                      // of them at least for events that have not been tried, and for others
	httpSyncBackoff   = 200 * time.Millisecond // of a user after a failure, doubled up to the limit
	httpSyncBackoffTo = time.Minute
	httpSyncHasten    = 1000                   // users at once
	httpSyncPatience  = 15 * time.Second       // with a sink that is away, after which another instance may try; longer than a try
	httpSyncFinish    = 500 * time.Millisecond // for deliveries under way, in a stop
)

// HTTPSyncDeps is all that HTTPSync needs. Every field is required.
type HTTPSyncDeps struct {
	Queue   repositories.Deliveries
	Leases  repositories.Leases
	Sink    services.EventSink
	Wakeups *Wakeups // of its own: a wake-up reaches one worker
	Holder  string   // names this instance among those that share a database
	// Announce tells the other instances that an event was committed here; it may be lost. It
	// is asked for only while another one delivers.
	Announce func(ctx context.Context) error
	Log      *slog.Logger
}

// HTTPSync delivers events to a sink: at least once, in order per user, several users' at a
// time. It knows nothing of the bus, nor the relay of it. Of several instances the one that
// holds the lease does it.
//
// The goroutine of Run alone decides and speaks with the database; each delivery has another.
type HTTPSync struct {
	HTTPSyncDeps

	tenure   *tenure
	held     bool
	said     bool      // of the lease, in the log
	aside    time.Time // until when the lease is left to others
	health   *sinkHealth
	inFlight map[string]bool  // by user; true where the last try failed
	ends     chan deliveryEnd // has room for every delivery
	ended    []deliveryEnd    // and not settled yet
	hasten   bool             // the sink is back: what failed is to be due at once
	room     int              // for events that failed; more of it as long as they succeed
	retryAt  time.Time        // when the first of those that failed lately is due
	troubled bool             // the database fails, and that has been said
}

// deliveryEnd is how a delivery ended.
type deliveryEnd struct {
	repositories.Delivery

	err       error
	abandoned bool // by us, which says nothing about the sink
}

// NewHTTPSync returns a worker that does nothing until Run.
func NewHTTPSync(d HTTPSyncDeps) *HTTPSync {
	return &HTTPSync{
		HTTPSyncDeps: d,
		tenure:       newTenure(d.Leases, httpSyncLease, d.Holder),
		health:       newSinkHealth(),
		inFlight:     map[string]bool{},
		room:         httpSyncReserve,
		ends:         make(chan deliveryEnd, httpSyncParallel),
	}
}

// Run delivers until ctx ends. Deliveries under way then have half a second, after which they
// are abandoned: the sink may get them again.
func (s *HTTPSync) Run(ctx context.Context) {
	backoff := relayBackoff
	for ctx.Err() == nil {
		err := s.round(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			if !s.troubled {
				s.Log.WarnContext(ctx, "events by HTTP wait for the database", "error", err)
			}
			s.troubled = true
			wait(ctx, jitter(backoff), nil)
			backoff = min(2*backoff, relayBackoffTo)
		default:
			s.troubled, backoff = false, relayBackoff
			s.idle(ctx)
		}
	}
	s.finish(ctx)
}

// round settles what has ended and begins what is due, if this instance has the lease.
func (s *HTTPSync) round(ctx context.Context) error {
	term, err := s.hold(ctx)
	if err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil || term == nil {
		return err
	}
	if s.health.awayFor(httpSyncPatience, time.Now()) {
		return s.stepAside(ctx)
	}
	for s.hasten {
		n, err := s.Queue.Hasten(ctx, httpSyncHasten)
		if err != nil {
			return err
		}
		s.hasten = n == httpSyncHasten
	}
	return s.begin(ctx, term)
}

// hold returns the context of the tenure, or nil while another instance has the lease.
func (s *HTTPSync) hold(ctx context.Context) (context.Context, error) {
	if time.Now().Before(s.aside) {
		return nil, nil
	}
	term, err := s.tenure.hold(ctx)
	if err != nil {
		return nil, err
	}
	held := term != nil
	if held != s.said {
		s.said = held
		s.Log.InfoContext(ctx, "events by HTTP", "holds_lease", held)
	}
	if held && !s.held {
		s.hasten = false
		s.health.anew(time.Now())
	}
	s.held = held
	return term, nil
}

// stepAside leaves the lease to another instance for a while: what keeps this one from the
// sink may not keep the other. A commit ends it.
func (s *HTTPSync) stepAside(ctx context.Context) error {
	if err := s.tenure.release(ctx); err != nil {
		return err
	}
	s.held, s.aside = false, time.Now().Add(relayAside)
	return nil
}

// begin begins deliveries that are due, as far as there is room for them.
func (s *HTTPSync) begin(ctx context.Context, term context.Context) error {
	fresh, failed := s.underWay()
	q := repositories.DeliveryQuery{Fresh: httpSyncParallel - max(failed, httpSyncReserve), Failed: min(s.room, httpSyncParallel-fresh)}
	if !s.health.up {
		q = s.health.probes(fresh, failed, time.Now())
	}
	// What is under way is due as well, so it is among what is asked for.
	if q.Fresh <= fresh && q.Failed <= failed {
		return nil
	}
	due, err := s.Queue.Due(ctx, q)
	if err != nil {
		return err
	}
	for _, d := range due {
		if _, busy := s.inFlight[d.Event.UserID]; busy {
			continue
		}
		switch {
		case fresh+failed == httpSyncParallel:
			return nil
		case d.Failures == 0 && fresh < q.Fresh:
			fresh++
			s.health.tried(time.Now())
		case d.Failures > 0 && failed < q.Failed:
			failed++
		default:
			continue
		}
		s.inFlight[d.Event.UserID] = d.Failures > 0
		go func() {
			err := s.Sink.Deliver(term, d.Event)
			s.ends <- deliveryEnd{Delivery: d, err: err, abandoned: err != nil && term.Err() != nil}
		}()
	}
	return nil
}

// underWay counts the deliveries under way.
func (s *HTTPSync) underWay() (fresh, failed int) {
	for _, again := range s.inFlight {
		if again {
			failed++
		} else {
			fresh++
		}
	}
	return fresh, failed
}

// idle waits until there may be something to do.
func (s *HTTPSync) idle(ctx context.Context) {
	pause := relayPoll
	for _, at := range []time.Time{s.retryAt, s.health.freshAt, s.health.probeAt} {
		if left := time.Until(at); left > 0 {
			pause = min(pause, left)
		}
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.Wakeups.announced:
	case end := <-s.ends:
		s.ended = append(s.ended, end)
	case <-s.Wakeups.committed:
		s.aside = time.Time{}
		if s.held {
			return
		}
		if err := s.Announce(ctx); err != nil && ctx.Err() == nil {
			s.Log.DebugContext(ctx, "a commit was not announced; the other instance polls", "error", err)
		}
	}
}

// settle notes in the database how deliveries ended, those together that have. Until then their
// users' next ones do not begin.
func (s *HTTPSync) settle(ctx context.Context) error {
	for len(s.ends) > 0 { // only this goroutine takes from it
		s.ended = append(s.ended, <-s.ends)
	}
	if len(s.ended) == 0 {
		return nil
	}
	results := make([]repositories.DeliveryResult, 0, len(s.ended))
	for _, end := range s.ended {
		switch {
		case end.abandoned:
		case end.err != nil:
			retry := jitter(backoffAfter(end.Failures))
			results = append(results, repositories.DeliveryResult{EventID: end.Event.ID, Failed: true, RetryIn: retry})
			if at := time.Now().Add(retry); at.Before(s.retryAt) || !s.retryAt.After(time.Now()) {
				s.retryAt = at
			}
		default:
			results = append(results, repositories.DeliveryResult{EventID: end.Event.ID})
		}
	}
	if err := s.Queue.Settle(ctx, results); err != nil {
		return err
	}
	for _, end := range s.ended {
		delete(s.inFlight, end.Event.UserID)
		if !end.abandoned {
			s.judge(ctx, end)
		}
	}
	s.ended = s.ended[:0]
	return nil
}

// backoffAfter is how long to wait before an event is tried again that failed, and had failed
// so often before.
func backoffAfter(failures int) time.Duration {
	if failures > 16 {
		return httpSyncBackoffTo
	}
	return min(httpSyncBackoff<<failures, httpSyncBackoffTo)
}

// judge draws conclusions from the end of a delivery, and tells them.
func (s *HTTPSync) judge(ctx context.Context, end deliveryEnd) {
	switch {
	case end.Failures == 0:
	case end.err == nil:
		s.room = min(s.room+1, httpSyncParallel-httpSyncReserve)
	default: // some may hang: they hold up only each other
		s.room = httpSyncReserve
	}
	var news sinkNews
	if end.err == nil {
		news = s.health.succeeded(end.Event.UserID)
	} else {
		news = s.health.failed(end.Event.UserID, end.Failures+1, time.Now())
	}
	switch news {
	case sinkIsAway:
		s.Log.WarnContext(ctx, "events by HTTP wait", "error", end.err)
	case sinkIsBack:
		s.hasten = true
		s.Log.InfoContext(ctx, "events by HTTP flow")
	case userIsStuck:
		s.Log.WarnContext(ctx, "the events of one user wait, others flow by HTTP", "event", end.Event, "error", end.err)
	case userIsUnstuck:
		s.Log.InfoContext(ctx, "the events of that user flow by HTTP", "event", end.Event)
	case noNews:
	}
}

// finish gives deliveries under way a moment to end, and the lease to another instance.
func (s *HTTPSync) finish(ctx context.Context) {
	ctx, cancel := grace(ctx)
	defer cancel()
	abandon := time.AfterFunc(httpSyncFinish, s.tenure.end)
	for len(s.ended) < len(s.inFlight) {
		s.ended = append(s.ended, <-s.ends)
	}
	abandon.Stop()
	if err := s.settle(ctx); err != nil {
		s.Log.WarnContext(ctx, "what was delivered by HTTP last may be delivered again", "error", err)
	}
	if err := s.tenure.release(ctx); err != nil {
		s.Log.WarnContext(ctx, "the lease of events by HTTP was not released; it ends by itself", "error", err)
	}
}
