package di

import (
	"fmt"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/infrastructure/httpsync"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// httpSync is the delivery of events by HTTP.
type httpSync struct {
	worker  *serviceimpl.HTTPSync
	wakeups *serviceimpl.Wakeups
}

// deliveries lets events wait to be delivered by HTTP where the configuration says so.
func deliveries(cfg config.Config) []postgres.UnitOfWorkOption {
	if cfg.HTTPSync.URL == "" {
		return nil
	}
	return []postgres.UnitOfWorkOption{postgres.ByHTTP}
}

// addHTTPSync puts together what delivers events by HTTP, where the configuration says so.
func (c *Container) addHTTPSync(m *metrics.Metrics, version string) error {
	if c.cfg.HTTPSync.URL == "" {
		return nil
	}
	sink, err := httpsync.New(httpsync.Options{
		URL: string(c.cfg.HTTPSync.URL), Secret: string(c.cfg.HTTPSync.Secret), UserAgent: "gofiber-auth/" + version, Metrics: m,
	})
	if err != nil {
		return fmt.Errorf("BACKEND_SYNC_URL: %w", err)
	}
	c.closers.add(func() error { sink.Close(); return nil })
	queue, wakeups := postgres.NewDeliveries(c.core.Database), serviceimpl.NewWakeups()
	m.WatchHTTPSync(queue.Undelivered)
	c.httpSync = &httpSync{wakeups: wakeups, worker: serviceimpl.NewHTTPSync(serviceimpl.HTTPSyncDeps{
		Queue: queue, Leases: c.leases(), Sink: sink, Wakeups: wakeups, Holder: newID(), Announce: c.core.Announce, Log: c.log,
	})}
	return nil
}

// committed wakes the workers after a commit of this instance that holds an event.
func (c *Container) committed() {
	c.wakeups.Committed()
	if c.httpSync != nil {
		c.httpSync.wakeups.Committed()
	}
}

// announced wakes them after a commit of some instance.
func (c *Container) announced() {
	c.wakeups.Announced()
	if c.httpSync != nil {
		c.httpSync.wakeups.Announced()
	}
}
