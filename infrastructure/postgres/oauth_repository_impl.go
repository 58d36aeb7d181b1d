package postgres

import (
	"context"

	"gorm.io/gorm"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// Identities finds identities outside a transaction, and replaces their tokens.
type Identities struct{ db *Database }

var (
	_ repositories.IdentityReader = (*Identities)(nil)
	_ repositories.ProviderTokens = (*Identities)(nil)
)

// NewIdentities returns the identities of db.
func NewIdentities(db *Database) *Identities { return &Identities{db} }

// BySubject compares to the letter.
func (r *Identities) BySubject(ctx context.Context, provider, subject string) (models.OAuthProvider, error) {
	if !storable(provider) || !storable(subject) {
		return models.OAuthProvider{}, domain.ErrNotFound
	}
	var row identityRow
	err := r.db.read(ctx, "identity by subject", func(db *gorm.DB) error {
		return db.Where(bySubject, provider, subject).Take(&row).Error
	})
	if err != nil {
		return models.OAuthProvider{}, err
	}
	return row.model(), nil
}

// OfUser returns nothing for what is no id.
func (r *Identities) OfUser(ctx context.Context, userID string) ([]models.OAuthProvider, error) {
	id, ok := canonicalID(userID)
	if !ok {
		return nil, nil
	}
	var rows []identityRow
	err := r.db.read(ctx, "identities of user", func(db *gorm.DB) error { return identitiesOf(db, id, &rows) })
	return identityModels(rows), err
}

// Page returns domain.ErrNotFound where after is no id.
func (r *Identities) Page(ctx context.Context, after string, limit int) ([]models.OAuthProvider, error) {
	id, ok := canonicalID(after)
	if after != "" && !ok {
		return nil, domain.ErrNotFound
	}
	var rows []identityRow
	err := r.db.read(ctx, "page of tokens", func(db *gorm.DB) error {
		if after != "" {
			db = db.Where("id > ?", id)
		}
		return db.Where("(access_token IS NOT NULL OR refresh_token IS NOT NULL)").Order("id").Limit(max(0, limit)).Find(&rows).Error
	})
	return identityModels(rows), err
}

// Replace is one statement, so nothing comes between the comparison and the change.
func (r *Identities) Replace(ctx context.Context, old, now models.OAuthProvider) (replaced bool, err error) {
	id, ok := canonicalID(old.ID)
	if !ok {
		return false, nil
	}
	err = r.db.write(ctx, "replace tokens", func(db *gorm.DB) error {
		result := db.Exec(`UPDATE oauth_providers SET access_token = ?, refresh_token = ?
			WHERE id = ? AND COALESCE(access_token, '') = ? AND COALESCE(refresh_token, '') = ?`,
			orNull(now.AccessToken), orNull(now.RefreshToken), id, old.AccessToken, old.RefreshToken)
		replaced = result.RowsAffected > 0
		return result.Error
	})
	return replaced && err == nil, err
}

// How identities are found.
const (
	bySubject = "provider = ? AND provider_id = ?"
	ofUser    = "user_id = ?"
)

func identitiesOf(db *gorm.DB, userID string, rows *[]identityRow) error {
	return db.Where(ofUser, userID).Order("created_at, id").Find(rows).Error
}

// identities is the identities within a transaction.
type identities struct{ transaction }

func (r identities) OfUser(ctx context.Context, userID string) ([]models.OAuthProvider, error) {
	id, ok := canonicalID(userID)
	if !ok {
		return nil, nil
	}
	var rows []identityRow
	err := r.run(ctx, "identities of user", func(tx *gorm.DB) error {
		return identitiesOf(tx.Session(&gorm.Session{QueryFields: true}), id, &rows)
	})
	return identityModels(rows), err
}

func (r identities) Create(ctx context.Context, i models.OAuthProvider) error {
	if err := checkIdentity(i); err != nil {
		return err
	}
	user, ok := canonicalID(i.UserID)
	if !ok {
		return domain.ErrNotFound
	}
	row, err := newIdentityRow(i)
	if err != nil {
		return err
	}
	row.UserID = user
	return r.run(ctx, "create identity", func(tx *gorm.DB) error { return tx.Create(&row).Error })
}

func (r identities) Save(ctx context.Context, i models.OAuthProvider) error {
	id, ok := canonicalID(i.ID)
	if !ok {
		return domain.ErrNotFound
	}
	row, err := newIdentityRow(i)
	if err != nil {
		return err
	}
	row.ID = id
	return r.run(ctx, "save identity", func(tx *gorm.DB) error {
		result := tx.Select("access_token", "refresh_token", "token_expires_at", "profile_data", "updated_at").Updates(&row)
		if result.Error == nil && result.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		return result.Error
	})
}

func (r identities) Delete(ctx context.Context, id string) error {
	id, ok := canonicalID(id)
	if !ok {
		return nil
	}
	return r.run(ctx, "delete identity", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM oauth_providers WHERE id = ?", id).Error
	})
}

func (r identities) DeleteOfUser(ctx context.Context, userID string) error {
	id, ok := canonicalID(userID)
	if !ok {
		return nil
	}
	return r.run(ctx, "delete identities of user", func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM oauth_providers WHERE user_id = ?", id).Error
	})
}
