package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// announcements is the channel of NOTIFY; there is nothing to say on it but that it is time
// to look.
const announcements = "outbox_events"

// listenRetry is how long Listen waits before it connects anew. Whoever listens polls, too.
const listenRetry = time.Second

// Announcements is how instances that share a PostgreSQL tell each other that an event was
// committed. It is for promptness only: an announcement may be lost.
type Announcements struct {
	db  *Database
	log *slog.Logger
}

// NewAnnouncements returns the announcements of db, which must be PostgreSQL.
func NewAnnouncements(db *Database, log *slog.Logger) *Announcements {
	return &Announcements{db: db, log: log}
}

// Announce tells all instances, this one included. It is no part of the transaction that is
// announced: NOTIFY within one would make all commits wait for each other.
func (a *Announcements) Announce(ctx context.Context) error {
	return a.db.write(ctx, "announce an event", func(db *gorm.DB) error {
		return db.Exec("SELECT pg_notify(?, '')", announcements).Error
	})
}

// Listen calls heard after each announcement, and whenever some may have been missed, until
// ctx ends. It takes one connection of the pool. heard must not block.
func (a *Announcements) Listen(ctx context.Context, heard func()) {
	for ctx.Err() == nil {
		err := a.listen(ctx, heard)
		if ctx.Err() != nil {
			return
		}
		a.log.DebugContext(ctx, "announcements are not heard; the poll goes on", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(listenRetry):
		}
	}
}

func (a *Announcements) listen(ctx context.Context, heard func()) error {
	pool, err := a.db.Write.DB()
	if err != nil {
		return err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it is given up already
	var failure error
	err = conn.Raw(func(c any) error {
		pg := c.(*stdlib.Conn).Conn()
		if _, failure = pg.Exec(ctx, "LISTEN "+announcements); failure == nil {
			heard() // for what was announced before
		}
		for failure == nil {
			if _, failure = pg.WaitForNotification(ctx); failure == nil {
				heard()
			}
		}
		return driver.ErrBadConn // it listens, so nobody else may have it
	})
	return errors.Join(failure, err)
}
