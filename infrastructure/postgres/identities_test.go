package postgres_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
)

func TestIdentitiesAreFoundByIndexes(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	mustExec(t, db, `INSERT INTO users (id, email, username) SELECT gen_random_uuid(), 'user' || i || '@example.com', 'User' || i FROM generate_series(1, 20000) i`)
	mustExec(t, db, `INSERT INTO oauth_providers (id, user_id, provider, provider_id, access_token)
		SELECT gen_random_uuid(), id, p, p || username, CASE WHEN p = 'line' THEN 'v1.x' END FROM users, unnest(ARRAY['google', 'line']) p`)
	mustExec(t, db, "ANALYZE users, oauth_providers")
	wantPlan(t, explain(t, db, "SELECT * FROM oauth_providers WHERE provider = $1 AND provider_id = $2", "line", "lineUser7"), "oauth_providers_provider_key")
	ofUser := "SELECT * FROM oauth_providers WHERE user_id = (SELECT id FROM users WHERE lower(username) = 'user7') ORDER BY created_at, id"
	wantPlan(t, explain(t, db, ofUser), "oauth_providers_user_key")
	wantPlan(t, explain(t, db, `SELECT * FROM oauth_providers WHERE id > $1 AND (access_token IS NOT NULL OR refresh_token IS NOT NULL)
		ORDER BY id LIMIT 200`, "80000000-0000-7000-8000-000000000000"), "oauth_providers_pkey")
}

// What JSON may hold and JSONB does not.
func TestNoProfileKeepsAnybodyFromLoggingIn(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	ada := create(t, db, "ada")
	for profile, want := range map[string]string{
		`{"name": "half \ud83c a pair"}`:              `{"name": "half � a pair"}`,
		`{"a\u0000b": [{"c\ud800": "d\u0000"}]}`:      `{"a�b": [{"c�": "d�"}]}`,
		`{"followers": 1e999999999}`:                  `{"followers": "1e999999999"}`,
		`{"id": 108204268033311374519, "rate": 0.10}`: `{"id": 108204268033311374519, "rate": 0.10}`,
	} {
		i := models.OAuthProvider{
			ID: newID(), UserID: ada.ID, Provider: models.ProviderGoogle, ProviderID: "108",
			ProfileData: []byte(profile), CreatedAt: time.Now(), UpdatedAt: time.Now(),
		}
		err := postgres.NewUnitOfWork(db, nil).Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
			if err := r.Identities.DeleteOfUser(ctx, ada.ID); err != nil {
				return err
			}
			return r.Identities.Create(ctx, i)
		})
		if err != nil {
			t.Errorf("%s: %v", profile, err)
			continue
		}
		got, err := postgres.NewIdentities(db).BySubject(t.Context(), i.Provider, i.ProviderID)
		if err != nil || !json.Valid(got.ProfileData) || string(got.ProfileData) != want {
			t.Errorf("%s came back as %s, %v; want %s", profile, got.ProfileData, err, want)
		}
	}
}
