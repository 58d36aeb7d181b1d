// Package di puts the service together by hand: it alone knows every part.
package di

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/hashing"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/infrastructure/redis"
	"gofiber-auth/infrastructure/sqlite"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// Core is what the service and authctl have in common: the database and the use cases that
// need nothing else.
type Core struct {
	Database       *postgres.Database
	Work           repositories.UnitOfWork
	Users          repositories.UserReader
	Hasher         *hashing.Pool
	Breaches       services.BreachChecker
	Administration *serviceimpl.Administration

	redis         *redis.Client           // nil without REDIS_URL
	liveSessions  *redis.LiveSessions     // nil without REDIS_URL
	announcements *postgres.Announcements // nil with the embedded database, which has one instance
	closers       closers
}

// NewCore opens the database of the configuration, brings its schema up to date and puts the
// core together. appended is called after each commit that holds an event; it may be nil.
// work is further options of the unit of work.
func NewCore(ctx context.Context, cfg config.Config, log *slog.Logger, m *metrics.Metrics, appended func(), work ...postgres.UnitOfWorkOption) (*Core, error) {
	client, err := connectRedis(cfg, log)
	if err != nil {
		return nil, err
	}
	c := &Core{redis: client}
	if client != nil {
		c.closers.add(client.Close)
	}
	db, err := OpenDatabase(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.Database = db
	c.closers.add(db.Close)
	if err := migrate(ctx, db, log); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.Hasher = hashing.New(hashing.Options{
		Cost: cfg.Hashing.Cost, Workers: cfg.Hashing.Workers, Queue: cfg.Hashing.Queue, Log: log, Metrics: m,
	})
	c.closers.add(func() error { c.Hasher.Close(); return nil })
	if cfg.Database.URL != "" {
		c.announcements = postgres.NewAnnouncements(db, log)
	}
	work = append(work, c.shareSessions(cfg, log, m)...)
	c.Work = postgres.NewUnitOfWork(db, appended, append(work, deliveries(cfg)...)...)
	c.Users = postgres.NewUsers(db)
	if err := c.addBreaches(cfg.Breach, log, m); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.Administration = serviceimpl.NewAdministration(serviceimpl.AdministrationDeps{
		Work: c.Work, Users: c.Users, Hasher: c.Hasher, Now: now, NewID: newID,
		Breaches: c.Breaches,
	})
	return c, nil
}

// Operation returns what operators do through authctl. Mails wait for the service to send them,
// where the configuration has it send any.
func (c *Core) Operation(cfg config.Config) *serviceimpl.Operation {
	var mails *serviceimpl.MailPromises
	if cfg.Mail.URL != "" || cfg.App.Env == config.Development {
		mails = serviceimpl.NewMailPromises(services.Unlimited{}, now, newID)
	}
	return serviceimpl.NewOperation(serviceimpl.OperationDeps{
		Administration: c.Administration, Sessions: postgres.NewSessions(c.Database), Mails: mails,
	})
}

// Announce tells the instances that share the database that an event was committed.
func (c *Core) Announce(ctx context.Context) error {
	if c.announcements == nil {
		return nil
	}
	return c.announcements.Announce(ctx)
}

// Close ends what NewCore began.
func (c *Core) Close() error { return c.closers.close() }

// OpenDatabase opens the database of the configuration: PostgreSQL or the embedded one. It
// does not look at the schema.
func OpenDatabase(ctx context.Context, cfg config.Config) (*postgres.Database, error) {
	if cfg.Database.URL == "" {
		return sqlite.Open(ctx, cfg.DataDir)
	}
	db, err := config.OpenPostgres(cfg.Database)
	if err != nil {
		return nil, err
	}
	return postgres.New(db), nil
}

const (
	databasePatience = time.Minute // how long a start waits for a database that is away
	databaseRetry    = time.Second
)

// migrate brings the schema up to date. It waits for a database that is not there yet, as
// when all parts of a system start at once.
func migrate(ctx context.Context, db *postgres.Database, log *slog.Logger) error {
	giveUp := time.Now().Add(databasePatience)
	for {
		applied, err := postgres.Migrate(ctx, db)
		if err == nil {
			for _, m := range applied {
				log.InfoContext(ctx, "migration applied", "name", m.Name)
			}
			return nil
		}
		away := errors.Is(err, domain.ErrUnavailable) || errors.Is(err, domain.ErrOverloaded)
		if !away || time.Now().After(giveUp) {
			return fmt.Errorf("bring the database's schema up to date: %w", err)
		}
		log.WarnContext(ctx, "the database is away; trying again", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(databaseRetry):
		}
	}
}

func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// newID returns a UUIDv7. It cannot fail: crypto/rand ends the process instead.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// closers ends parts in the reverse of the order in which they began.
type closers []func() error

func (c *closers) add(f func() error) { *c = append(*c, f) }

func (c *closers) close() error {
	var errs []error
	for i := len(*c) - 1; i >= 0; i-- {
		errs = append(errs, (*c)[i]())
	}
	*c = nil
	return errors.Join(errs...)
}
