package postgres

import (
	"context"

	"gorm.io/gorm"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

// users is the users within a transaction.
type users struct{ transaction }

func (r users) Create(ctx context.Context, u models.User) error {
	if err := checkUser(u); err != nil {
		return err
	}
	row := newUserRow(u)
	return r.run(ctx, "create user", func(tx *gorm.DB) error { return tx.Create(&row).Error })
}

func (r users) ForUpdate(ctx context.Context, id string) (models.User, error) {
	id, ok := canonicalID(id)
	if !ok {
		return models.User{}, domain.ErrNotFound
	}
	var row userRow
	err := r.run(ctx, "lock user", func(tx *gorm.DB) error {
		return one(tx.Raw("SELECT "+userColumns+" FROM users u WHERE u.id = ? "+r.db.Dialect.ForUpdate(), id), &row)
	})
	if err != nil {
		return models.User{}, err
	}
	return row.model(), nil
}

func (r users) Save(ctx context.Context, u models.User) error {
	if err := checkUser(u); err != nil {
		return err
	}
	row := newUserRow(u)
	return r.run(ctx, "save user", func(tx *gorm.DB) error {
		result := tx.Select("*").Omit("id").Updates(&row)
		if result.Error == nil && result.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		return result.Error
	})
}

func (r users) Delete(ctx context.Context, id string) error {
	id, ok := canonicalID(id)
	if !ok {
		return domain.ErrNotFound
	}
	// They would go with the user; but who keeps a copy of them is to know.
	if err := sessions(r).DeleteOfUser(ctx, id, ""); err != nil {
		return err
	}
	return r.run(ctx, "delete user", func(tx *gorm.DB) error {
		result := tx.Exec("DELETE FROM users WHERE id = ?", id)
		if result.Error == nil && result.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		return result.Error
	})
}

func (r users) LockActiveAdmins(ctx context.Context) ([]string, error) {
	var ids []string
	err := r.run(ctx, "lock active admins", func(tx *gorm.DB) error {
		// In one order for all, so that two that lock several rows cannot wait for each other.
		return tx.Raw("SELECT id FROM users WHERE role = 'admin' AND is_active ORDER BY id " + r.db.Dialect.ForUpdate()).Scan(&ids).Error
	})
	return ids, err
}

// checkUser refuses text that only one of the two databases could hold. What users type has
// been validated before; this is for whoever comes another way.
func checkUser(u models.User) error {
	return checkText(&u.Email, &u.Username, u.DisplayName, u.Avatar, u.OAuthProvider, u.OAuthID)
}
