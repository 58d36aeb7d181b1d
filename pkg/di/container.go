package di

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/nats"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/interfaces/api/handlers"
	"gofiber-auth/interfaces/api/routes"
	"gofiber-auth/interfaces/api/server"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// How long the parts of an orderly stop may take: together less than 10 s.
const (
	finishRequests = 3 * time.Second         // then nobody waits for a password hash or an identity provider any more
	refuseRequests = 2 * time.Second         // then connections are cut
	drainEvents    = 1500 * time.Millisecond // and a second's grace for the relay
	closeBus       = 500 * time.Millisecond
)

// Container is the whole service.
type Container struct {
	cfg      config.Config
	log      *slog.Logger
	core     *Core
	listener net.Listener
	app      *fiber.App
	wakeups  *serviceimpl.Wakeups
	relay    *serviceimpl.Relay
	httpSync *httpSync // nil without BACKEND_SYNC_URL
	post     post

	mailWakeups *serviceimpl.Wakeups

	janitor  *serviceimpl.Janitor
	embedded *nats.Embedded // nil with NATS_URL
	draining atomic.Bool
	closers  closers

	endProviderCalls context.CancelFunc // calls of identity providers fail from then on
}

// New puts the service together: it opens or starts what the configuration names, brings the
// database's schema up to date and takes the port. Requests are answered from Run on. It fails
// with config.Faults for settings whose faults only the parts that use them can see.
func New(ctx context.Context, cfg config.Config, log *slog.Logger, version string) (*Container, error) {
	c := &Container{cfg: cfg, log: log, wakeups: serviceimpl.NewWakeups(), mailWakeups: serviceimpl.NewWakeups()}
	if err := c.build(ctx, version); err != nil {
		return nil, errors.Join(err, c.closers.close())
	}
	return c, nil
}

func (c *Container) build(ctx context.Context, version string) (err error) {
	cfg, log := c.cfg, c.log
	if cfg.App.Env == config.Production && cfg.RedisURL == "" {
		log.WarnContext(ctx, "REDIS_URL is not set: log-ins through providers and rate limits work with one instance only")
	}
	if cfg.Database.URL == "" || cfg.NATS.URL == "" {
		unlock, err := lockDataDir(cfg.DataDir)
		if err != nil {
			return err
		}
		c.closers.add(unlock)
	}
	secret := cfg.Tokens.Secret
	if secret == "" {
		if secret, err = config.KeptSecret(cfg.DataDir, "jwt_secret"); err != nil {
			return err
		}
	}
	m := metrics.New(version)
	if c.core, err = NewCore(ctx, cfg, log, m, c.committed, postgres.OnMail(c.mailWakeups.Committed)); err != nil {
		return err
	}
	c.closers.add(c.core.Close)
	shared := c.newCache(m, []byte(secret))
	if err := c.addHTTPSync(m, version); err != nil {
		return err
	}
	publisher, err := c.connectBus(m)
	if err != nil {
		return err
	}
	if c.post, err = c.newPost(ctx, m, shared.limiter); err != nil {
		return err
	}
	if err := c.listen(); err != nil {
		return err
	}
	return c.assemble(m, publisher, shared, []byte(secret), version)
}

// listen takes the port. Until everything else is there, connections are refused rather than
// kept waiting.
func (c *Container) listen() error {
	listener, err := net.Listen("tcp", c.cfg.App.Address())
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is taken: set APP_PORT to a free port, or stop what listens there", c.cfg.App.Address())
	case err != nil:
		return fmt.Errorf("APP_HOST and APP_PORT: %w", err)
	}
	c.listener = listener
	c.closers.add(func() error {
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return nil
}

// connectBus starts the embedded bus, or finds the configured one, which may be away.
func (c *Container) connectBus(m *metrics.Metrics) (*nats.Publisher, error) {
	o := nats.ConnectOptions{URL: string(c.cfg.NATS.URL), Name: c.cfg.App.Name, Log: c.log}
	if o.URL == "" {
		embedded, err := nats.StartEmbedded(nats.EmbeddedOptions{
			Addr: c.cfg.NATS.EmbeddedAddr, StoreDir: filepath.Join(c.cfg.DataDir, "nats"), Log: c.log,
		})
		if errors.Is(err, nats.ErrAddrInUse) {
			return nil, fmt.Errorf("%s is taken: set NATS_EMBEDDED_ADDR to a free address, or NATS_URL to the bus that listens there",
				c.cfg.NATS.EmbeddedAddr)
		}
		if err != nil {
			return nil, err
		}
		c.embedded, o.Server = embedded, embedded
		c.closers.add(func() error { embedded.Shutdown(); return nil })
	}
	connection, err := nats.Connect(o)
	if err != nil {
		return nil, err
	}
	c.closers.add(func() error { leave(connection, c.log); return nil })
	publisher := newPublisher(c.cfg, connection, c.wakeups, m, c.log)
	c.closers.add(func() error { publisher.Close(); return nil })
	return publisher, nil
}

// assemble makes the use cases and the routes to them.
func (c *Container) assemble(m *metrics.Metrics, publisher *nats.Publisher, shared cache, secret []byte, version string) error {
	db, queue := c.core.Database, postgres.NewOutbox(c.core.Database)
	sessions := postgres.NewSessions(db)
	c.relay = c.core.newRelay(publisher, c.leases(), c.wakeups, m, c.log)
	c.janitor = serviceimpl.NewJanitor(serviceimpl.JanitorDeps{
		Sessions: sessions, Events: queue, Tokens: postgres.NewMailTokens(db), Waiting: postgres.NewRegistrations(db), Audit: postgres.NewAudit(db), AuditAge: c.cfg.AuditRetention, Now: now, Log: c.log,
	})
	authenticator := serviceimpl.NewSessions(serviceimpl.SessionsDeps{
		Reader: sessions, Lifetime: c.cfg.Tokens.RefreshExpiresIn, Now: now, NewID: newID,
		Tokens: serviceimpl.NewTokens(serviceimpl.TokensConfig{
			Secret: secret, Issuer: c.cfg.Tokens.Issuer, Audience: c.cfg.Tokens.Audience,
			ExpiresIn: c.cfg.Tokens.ExpiresIn, Now: now, NewID: newID,
		}),
	})
	proof := serviceimpl.NewProof(serviceimpl.ProofDeps{
		Work: c.core.Work, Sessions: sessions, Hasher: c.core.Hasher, Limiter: shared.limiter, Now: now, NewID: newID,
	})
	accounts := serviceimpl.NewAccounts(serviceimpl.AccountsDeps{
		Work: c.core.Work, Users: c.core.Users, Hasher: c.core.Hasher, Sessions: authenticator, Proof: proof, Mails: c.post.promises, Now: now, NewID: newID,
		Limiter: shared.limiter, Addresses: sessions, Breaches: c.core.Breaches, Registration: c.registration(),
		RefreshKey: serviceimpl.RefreshKey(secret), RefreshGrace: c.cfg.RefreshGrace,
	})
	administration := serviceimpl.NewAdministration(serviceimpl.AdministrationDeps{
		Work: c.core.Work, Users: c.core.Users, Hasher: c.core.Hasher, Proof: proof, Mails: c.post.promises, Now: now, NewID: newID,
		Breaches: c.core.Breaches,
	})
	oauth, idp, err := c.newOAuth(m, authenticator, proof, shared)
	if err != nil {
		return err
	}
	m.WatchOutbox(queue.Backlog)
	pools, err := db.Pools()
	if err != nil {
		return err
	}
	for name, pool := range pools {
		m.WatchDatabase(pool, name)
	}
	c.app = routes.New(routes.Deps{
		Authentication: accounts, Authenticator: authenticator, Accounts: accounts, Administration: administration,
		Sessions:      serviceimpl.NewSessionList(serviceimpl.SessionListDeps{Work: c.core.Work, Live: sessions, Now: now, NewID: newID}),
		RefreshCookie: handlers.CookieMode(c.cfg.RefreshCookie), Settings: settings(c.cfg),
		OAuth: oauth, Identities: oauth, Recovery: c.newRecovery(c.post, shared.limiter, accounts, oauth), Frontend: c.cfg.HTTP.FrontendURL, SecureCookies: c.cfg.App.Env != config.Development,
		Snapshots: serviceimpl.NewSnapshots(serviceimpl.SnapshotsDeps{
			Users: c.core.Users, Events: queue, Stream: publisher.Stream, Log: c.log,
		}),
		Audit: c.auditLog(), Exporter: c.exporter(sessions),
		Limiter: shared.limiter, CursorSecret: secret, SyncToken: string(c.cfg.Internal.SyncToken), Metrics: m, Log: c.log,
		Demo: demo(c.cfg.App.Env), DevelopmentIDP: idp, DevelopmentMail: c.post.box,
		Health: handlers.Health{
			Service: c.cfg.App.Name, Version: version, Draining: c.draining.Load,
			Database: func(ctx context.Context) string { return okOr(db.Ping(ctx), "down: no answer") },
			Events: func(ctx context.Context) string {
				detail, _ := publisher.Check(ctx) // the publisher logs its own troubles
				return detail
			},
			Cache: shared.check,
		},
		Production: c.cfg.App.Env == config.Production, AllowedOrigins: c.cfg.HTTP.CORSOrigins, TrustedProxies: c.cfg.HTTP.TrustedProxies,
	})
	return nil
}

func okOr(err error, otherwise string) string {
	if err != nil {
		return otherwise
	}
	return "ok"
}

// leases returns the database's leases or, where no other instance can be, none.
func (c *Container) leases() repositories.Leases {
	if c.cfg.Database.URL == "" {
		return soleInstance{}
	}
	return postgres.NewLeases(c.core.Database)
}

// soleInstance holds every lease: the lock on DATA_DIR keeps others away.
type soleInstance struct{}

func (soleInstance) Acquire(context.Context, string, string, time.Duration) (bool, error) {
	return true, nil
}
func (soleInstance) Release(context.Context, string, string) error { return nil }

// URL is where a browser on this machine finds the service.
func (c *Container) URL() string {
	host, port, _ := net.SplitHostPort(c.listener.Addr().String())
	if ip := net.ParseIP(host); ip != nil && (ip.IsUnspecified() || ip.IsLoopback()) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// Bus says to people where a subscriber finds the bus, without credentials.
func (c *Container) Bus() string {
	if c.embedded != nil {
		return c.embedded.ClientURL()
	}
	return "as NATS_URL says"
}

// Run serves until ctx ends, and then stops in good order: requests under way are answered,
// events that wait are published, within 10 s. It returns what made it stop too early.
func (c *Container) Run(ctx context.Context) error {
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	var workers sync.WaitGroup
	workers.Go(func() { c.relay.Run(background) })
	workers.Go(func() { c.janitor.Run(background) })
	if c.core.liveSessions != nil {
		workers.Go(func() { c.core.liveSessions.Run(background) })
	}
	if c.httpSync != nil {
		workers.Go(func() { c.httpSync.worker.Run(background) })
	}
	if c.post.sender != nil {
		workers.Go(func() { c.post.sender.Run(background) })
	}
	if c.core.announcements != nil {
		workers.Go(func() { c.core.announcements.Listen(background, c.announced) })
	}

	served := make(chan error, 1)
	go func() { served <- server.Serve(c.app, c.listener) }()
	var err error
	select {
	case err = <-served:
		err = fmt.Errorf("HTTP ended by itself: %w", err)
	case <-ctx.Done():
		c.log.InfoContext(context.WithoutCancel(ctx), "stopping")
		c.finishRequests()
		if err = <-served; err != nil {
			err = fmt.Errorf("HTTP: %w", err)
		}
	}
	stopBackground()
	workers.Wait()
	drain, cancel := context.WithTimeout(context.Background(), drainEvents)
	defer cancel()
	c.relay.Drain(drain)
	return errors.Join(err, c.closers.close())
}

// finishRequests takes no more requests and answers those that are under way.
func (c *Container) finishRequests() {
	c.draining.Store(true)
	refuse := time.AfterFunc(finishRequests, func() {
		c.endProviderCalls()
		c.core.Hasher.Close()
	})
	defer refuse.Stop()
	if err := c.app.ShutdownWithTimeout(finishRequests + refuseRequests); err != nil {
		c.log.Warn("some requests were cut off", "error", err)
	}
}
