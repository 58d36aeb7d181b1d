package postgres

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Users finds users outside a transaction.
type Users struct{ db *Database }

var _ repositories.UserReader = (*Users)(nil)

// NewUsers returns the users of db.
func NewUsers(db *Database) *Users { return &Users{db} }

// ByID returns domain.ErrNotFound for what is no id, too.
func (r *Users) ByID(ctx context.Context, id string) (models.User, error) {
	id, ok := canonicalID(id)
	if !ok {
		return models.User{}, domain.ErrNotFound
	}
	return r.one(ctx, "user by id", "id = ?", id)
}

// ByEmail compares without regard to case.
func (r *Users) ByEmail(ctx context.Context, email string) (models.User, error) {
	if !storable(email) {
		return models.User{}, domain.ErrNotFound
	}
	return r.one(ctx, "user by e-mail", "lower(email) = ?", foldASCII(email))
}

// ByUsername compares without regard to case.
func (r *Users) ByUsername(ctx context.Context, username string) (models.User, error) {
	if !storable(username) {
		return models.User{}, domain.ErrNotFound
	}
	return r.one(ctx, "user by username", "lower(username) = ?", foldASCII(username))
}

func (r *Users) one(ctx context.Context, what, where, value string) (models.User, error) {
	var row userRow
	err := r.db.read(ctx, what, func(db *gorm.DB) error { return db.Where(where, value).Take(&row).Error })
	if err != nil {
		return models.User{}, err
	}
	return row.model(), nil
}

// longestPrefix is the longest e-mail address; what is longer begins none.
const longestPrefix = 255

// Page returns domain.ErrNotFound where q.After is no id.
func (r *Users) Page(ctx context.Context, q repositories.UserQuery) ([]models.User, error) {
	after, ok := canonicalID(q.After)
	if q.After != "" && !ok {
		return nil, domain.ErrNotFound
	}
	if q.Limit <= 0 || len(q.Prefix) > longestPrefix || !storable(q.Prefix) {
		return nil, nil
	}
	var rows []userRow
	err := r.db.read(ctx, "page of users", func(db *gorm.DB) error {
		if after != "" {
			db = db.Where("id > ?", after)
		}
		if q.Prefix != "" {
			pattern := likePrefix(foldASCII(q.Prefix))
			db = db.Where(`(lower(email) LIKE ? ESCAPE '\' OR lower(username) LIKE ? ESCAPE '\')`, pattern, pattern)
		}
		return db.Order("id").Limit(q.Limit).Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	page := make([]models.User, len(rows))
	for i := range rows {
		page[i] = rows[i].model()
	}
	return page, nil
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// likePrefix returns the LIKE pattern of what begins with the prefix.
func likePrefix(prefix string) string { return likeEscaper.Replace(prefix) + "%" }
