package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/pgtest"
)

// BenchmarkWithUser sets the query of every authenticated request beside the cheapest there
// is: a row by its primary key over pgx's own pool. Compare the ns/op of one run.
func BenchmarkWithUser(b *testing.B) {
	dsn := pgtest.New(b)
	db := open(b, dsn)
	if _, err := postgres.Migrate(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	sessions := make([]models.Session, 1000)
	for i := range sessions {
		u := create(b, db, fmt.Sprintf("user%d", i))
		sessions[i] = models.Session{ID: newID(), UserID: u.ID, UserAgent: "Mozilla/5.0 (X11; Linux x86_64)", IP: "203.0.113.7", CreatedAt: time.Now(), LastUsedAt: time.Now(), ExpiresAt: time.Now()}
		err := postgres.NewUnitOfWork(db, nil).Do(b.Context(), func(ctx context.Context, r repositories.Set) error {
			return r.Sessions.Create(ctx, sessions[i], models.RefreshToken{Hash: []byte(u.ID), SessionID: sessions[i].ID, CreatedAt: time.Now()})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	mustExec(b, db, "ANALYZE")
	bare, err := pgxpool.New(b.Context(), dsn+"&pool_max_conns=8")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(bare.Close)
	reader := postgres.NewSessions(db)

	crowd := func(name string, query func(ctx context.Context, s models.Session) error) {
		b.Run(name, func(b *testing.B) {
			b.SetParallelism(16)
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := query(b.Context(), sessions[rand.IntN(len(sessions))]); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
	crowd("with user", func(ctx context.Context, s models.Session) error {
		_, err := reader.WithUser(ctx, s.ID)
		return err
	})
	crowd("bare", func(ctx context.Context, s models.Session) error {
		var id, email, username string
		var createdAt, updatedAt time.Time
		return bare.QueryRow(ctx, "SELECT id, email, username, created_at, updated_at FROM users WHERE id = $1", s.UserID).
			Scan(&id, &email, &username, &createdAt, &updatedAt)
	})
}
