package sqlite_test

import (
	"context"
	"testing"

	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/test/repositorytest"
)

func TestSessionChanges(t *testing.T) {
	t.Parallel()
	repositorytest.RunSessionChanges(t, func(changed func(context.Context, []repositories.SessionChange)) repositories.UnitOfWork {
		return postgres.NewUnitOfWork(migrated(t, t.TempDir()), nil, postgres.OnSessions(changed))
	})
}
