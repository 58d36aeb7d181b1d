package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"gofiber-auth/domain"
)

// taken is what a duplicate in a unique index means.
var taken = map[string]*domain.Error{
	"users_email_key":    domain.ErrEmailTaken,
	"users_username_key": domain.ErrUsernameTaken,

	"oauth_providers_provider_key": domain.ErrProviderLinked,
	"oauth_providers_user_key":     domain.ErrProviderLinked,
}

// translate turns an error of GORM or a driver into the domain's vocabulary. An error that
// speaks it already, and one that is nobody's here (of a unit of work), stays what it is.
func (d *Database) translate(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*domain.Error](err); ok {
		return err
	}
	cause := fmt.Errorf("%s: %w", what, err)
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound), errors.Is(err, sql.ErrNoRows):
		return domain.ErrNotFound.Because(cause)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return domain.ErrOverloaded.Because(cause)
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()): // SQLite says "interrupted"
		return fmt.Errorf("%w: %w", ctx.Err(), cause)
	case ctx.Err() != nil:
		return cause
	}
	switch fault := d.Dialect.Fault(err); fault.Kind {
	case Duplicate:
		if known, ok := taken[fault.Index]; ok {
			return known.Because(cause)
		}
	case Orphan:
		return domain.ErrNotFound.Because(cause)
	case Transient, Full:
		return domain.ErrOverloaded.Because(cause)
	case Away:
		return domain.ErrUnavailable.Because(cause)
	case Unstorable:
		return domain.ErrValidation.Because(cause)
	case Unknown:
	}
	return cause
}
