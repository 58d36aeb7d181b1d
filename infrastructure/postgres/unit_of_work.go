package postgres

import (
	"context"

	"gorm.io/gorm"

	"gofiber-auth/domain/repositories"
)

// UnitOfWork runs transactions.
type UnitOfWork struct {
	db       *Database
	appended func()
	byHTTP   bool
	changed  func(context.Context, []repositories.SessionChange)
	promised func()
}

var _ repositories.UnitOfWork = (*UnitOfWork)(nil)

// NewUnitOfWork returns the unit of work of db. appended, which may be nil, is called after
// each commit that brought the outbox an event; it must not block.
func NewUnitOfWork(db *Database, appended func(), options ...UnitOfWorkOption) *UnitOfWork {
	if appended == nil {
		appended = func() {}
	}
	u := &UnitOfWork{
		db: db, appended: appended, promised: func() {}, changed: func(context.Context, []repositories.SessionChange) {},
	}
	for _, option := range options {
		option(u)
	}
	return u
}

// UnitOfWorkOption changes what NewUnitOfWork returns.
type UnitOfWorkOption func(*UnitOfWork)

// ByHTTP lets every event that is appended wait to be delivered by HTTP, too; see Deliveries.
func ByHTTP(u *UnitOfWork) { u.byHTTP = true }

// OnSessions has changed called after each commit that began, refreshed or ended sessions, with
// what it did in its order. Whoever commits waits for it.
func OnSessions(changed func(context.Context, []repositories.SessionChange)) UnitOfWorkOption {
	return func(u *UnitOfWork) { u.changed = changed }
}

// OnMail has promised called after each commit that promised a mail; it must not block.
func OnMail(promised func()) UnitOfWorkOption {
	return func(u *UnitOfWork) { u.promised = promised }
}

// Do returns the error of fn as it is. A failed statement dooms the transaction: fn returns
// its error and does not go on.
func (u *UnitOfWork) Do(ctx context.Context, fn func(ctx context.Context, r repositories.Set) error) error {
	var (
		own             error // fn's
		events, letters int
		changes         []repositories.SessionChange
	)
	err := u.db.write(ctx, "unit of work", func(db *gorm.DB) error {
		own, events, letters, changes = nil, 0, 0, nil
		return db.Transaction(func(tx *gorm.DB) error {
			t := transaction{db: u.db, tx: tx, changes: &changes}
			own = fn(tx.Statement.Context, repositories.Set{
				Users: users{t}, Sessions: sessions{t}, Identities: identities{t}, Outbox: outbox{t, &events, u.byHTTP},
				Audit:  audit{t},
				Tokens: mailTokens{t}, Mails: mails{t, &letters}, Registrations: registrations{t}, Devices: devices{t},
			})
			return own
		})
	})
	switch {
	case own != nil:
		return own
	case err != nil:
		return err
	}
	if events > 0 {
		u.appended()
	}
	if len(changes) > 0 {
		u.changed(ctx, changes)
	}
	if letters > 0 {
		u.promised()
	}
	return nil
}

// transaction is what the repositories of one unit of work share.
type transaction struct {
	db      *Database
	tx      *gorm.DB
	changes *[]repositories.SessionChange
}

// run runs fn in the transaction.
func (t transaction) run(ctx context.Context, what string, fn func(tx *gorm.DB) error) error {
	return t.db.bounded(ctx, what, func(ctx context.Context) error { return fn(t.tx.WithContext(ctx)) })
}

// one scans the only row of a query, or returns gorm.ErrRecordNotFound.
func one(query *gorm.DB, dest any) error {
	result := query.Scan(dest)
	if result.Error == nil && result.RowsAffected == 0 {
		return gorm.ErrRecordNotFound
	}
	return result.Error
}
