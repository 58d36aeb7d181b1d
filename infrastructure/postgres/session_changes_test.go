package postgres_test

import (
	"context"
	"testing"

	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/repositories/repositorytest"
	"gofiber-auth/infrastructure/postgres"
)

func TestSessionChanges(t *testing.T) {
	t.Parallel()
	repositorytest.RunSessionChanges(t, func(changed func(context.Context, []repositories.SessionChange)) repositories.UnitOfWork {
		return postgres.NewUnitOfWork(migrated(t), nil, postgres.OnSessions(changed))
	})
}
