package di

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/nats"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// What authctl does with events, beside a running service or without one.

// EventsStatus is where the events stand.
type EventsStatus struct {
	Pending       int64             `json:"pending"`
	Oldest        *time.Time        `json:"oldest"`        // when the oldest of those happened
	LastPublished *LastPublished    `json:"lastPublished"` // nil where the outbox keeps none
	Stream        nats.StreamStatus `json:"stream"`
}

// LastPublished is the newest acknowledgement.
type LastPublished struct {
	EventID  string    `json:"eventId"`
	Sequence uint64    `json:"sequence"`
	At       time.Time `json:"at"`
	Lost     bool      `json:"lost"` // the stream that gave it is not the one that is there now
}

// busPatience is how long the bus may take to be there when an operator asks.
const busPatience = 3 * time.Second

// EventsStatus reads where the events stand and changes nothing. That the bus is away is
// part of the answer, no error.
func (c *Core) EventsStatus(ctx context.Context, cfg config.Config) (EventsStatus, error) {
	outbox, status := postgres.NewOutbox(c.Database), EventsStatus{}
	pending, oldest, err := outbox.Backlog(ctx)
	if err != nil {
		return status, err
	}
	if status.Pending = pending; pending > 0 {
		status.Oldest = &oldest
	}
	quiet := slog.New(slog.DiscardHandler)
	connection, err := nats.Connect(busOptions(cfg, quiet))
	if err != nil {
		return status, err
	}
	asking, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	status.Stream = nats.ReadStatus(asking, connection, streamSettings(cfg))
	leave(connection, quiet)
	last, at, err := outbox.LastPublished(ctx)
	if errors.Is(err, domain.ErrNotFound) {
		return status, nil
	}
	status.LastPublished = &LastPublished{EventID: last.EventID, Sequence: last.StreamSequence, At: at}
	if made := status.Stream.Created; !made.IsZero() {
		status.LastPublished.Lost = last.StreamID != 0 && made.UnixNano() != last.StreamID
	}
	return status, err
}

// Replay returns what publishes events again.
func (c *Core) Replay() *serviceimpl.Replay {
	return serviceimpl.NewReplay(serviceimpl.ReplayDeps{Work: c.Work, Events: postgres.NewOutbox(c.Database), Now: now})
}

// RelayMeanwhile relays events until stop is called, as long as no instance of the service
// does. With the embedded bus it leaves that to the service, in whose process that is, and
// likewise where the service has the embedded database.
func (c *Core) RelayMeanwhile(ctx context.Context, cfg config.Config, log *slog.Logger, m *metrics.Metrics) (stop func() error, err error) {
	var parts closers
	nothing := func() error { return nil }
	if cfg.NATS.URL == "" {
		return nothing, nil
	}
	leases := repositories.Leases(soleInstance{})
	if cfg.Database.URL != "" {
		leases = postgres.NewLeases(c.Database)
	} else {
		unlock, err := lockDataDir(cfg.DataDir)
		if errors.Is(err, ErrDataDirInUse) {
			return nothing, nil
		}
		if err != nil {
			return nil, err
		}
		parts.add(unlock)
	}
	connection, err := nats.Connect(busOptions(cfg, log))
	if err != nil {
		return nil, errors.Join(err, parts.close())
	}
	parts.add(func() error { leave(connection, log); return nil })
	wakeups := serviceimpl.NewWakeups()
	publisher := newPublisher(cfg, connection, wakeups, m, log)
	parts.add(func() error { publisher.Close(); return nil })
	relay := c.newRelay(publisher, leases, wakeups, m, log)
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { relay.Run(ctx) })
	return func() error {
		cancel()
		running.Wait()
		draining, cancel := context.WithTimeout(context.Background(), drainEvents)
		defer cancel()
		relay.Drain(draining)
		return parts.close()
	}, nil
}

// newRelay returns the relay of one process.
func (c *Core) newRelay(p *nats.Publisher, leases repositories.Leases, w *serviceimpl.Wakeups, m *metrics.Metrics, log *slog.Logger) *serviceimpl.Relay {
	holder := newID()
	if leases == (soleInstance{}) {
		holder = ""
	}
	return serviceimpl.NewRelay(serviceimpl.RelayDeps{
		Queue: postgres.NewOutbox(c.Database), Leases: leases, Publisher: p, Wakeups: w, Holder: holder,
		Announce: c.Announce, Reconciled: func(events int64) { m.EventsReconciled.Add(float64(events)) }, Now: now, Log: log,
	})
}

// busOptions says how to reach the bus from another process than the service's.
func busOptions(cfg config.Config, log *slog.Logger) nats.ConnectOptions {
	o := nats.ConnectOptions{URL: string(cfg.NATS.URL), Name: cfg.App.Name + " authctl", Log: log}
	if o.URL == "" {
		host, port, _ := net.SplitHostPort(cfg.NATS.EmbeddedAddr)
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			host = "localhost"
		}
		o.URL = "nats://" + net.JoinHostPort(host, port)
	}
	return o
}

func newPublisher(cfg config.Config, c *nats.Connection, w *serviceimpl.Wakeups, m *metrics.Metrics, log *slog.Logger) *nats.Publisher {
	return nats.NewPublisher(nats.PublisherDeps{
		Connection: c, Metrics: m, Log: log, OnReady: w.BusIsBack, Settings: streamSettings(cfg),
	})
}

func streamSettings(cfg config.Config) nats.StreamSettings {
	return nats.StreamSettings{
		Name: cfg.NATS.Stream, Subject: cfg.NATS.Subject, Replicas: cfg.NATS.Replicas, MaxAge: cfg.NATS.MaxAge,
	}
}

// leave ends the connection to the bus. A bus that is away or hangs is no reason to fail.
func leave(c *nats.Connection, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), closeBus)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		log.Warn("the event bus was left without a word", "error", err)
	}
}
