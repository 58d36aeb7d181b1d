package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
)

func (t *tool) migrate(ctx context.Context, args []string) error {
	rest, err := parse(newFlags("migrate"), args)
	if err != nil {
		return err
	}
	commands := map[string]func(context.Context, *postgres.Database) error{
		"up": t.migrateUp, "down": t.migrateDown, "status": t.migrateStatus,
	}
	if len(rest) != 1 || commands[rest[0]] == nil {
		return fmt.Errorf("migrate needs up, down or status: %w", errMisuse)
	}
	cfg, err := config.Load(t.getenv)
	if err != nil {
		return err
	}
	db, err := di.OpenDatabase(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(commands[rest[0]](ctx, db), db.Close())
}

func (t *tool) migrateUp(ctx context.Context, db *postgres.Database) error {
	applied, err := postgres.Migrate(ctx, db)
	if err != nil {
		return err
	}
	if len(applied) == 0 {
		return t.print([]postgres.Migration{}, "the schema is up to date")
	}
	return t.print(applied, table(applied))
}

func (t *tool) migrateDown(ctx context.Context, db *postgres.Database) error {
	undone, err := postgres.Rollback(ctx, db)
	if errors.Is(err, domain.ErrNotFound) {
		return errors.New("no migration is applied")
	}
	if err != nil {
		return err
	}
	return t.print(undone, "undone   "+undone.Name)
}

func (t *tool) migrateStatus(ctx context.Context, db *postgres.Database) error {
	all, err := postgres.Status(ctx, db)
	if err != nil {
		return err
	}
	return t.print(all, table(all))
}

// table lists migrations, one a line.
func table(migrations []postgres.Migration) string {
	lines := make([]string, len(migrations))
	for i, m := range migrations {
		state := "pending                       "
		if !m.AppliedAt.IsZero() {
			state = "applied  " + m.AppliedAt.Format(time.RFC3339)
		}
		lines[i] = state + "  " + m.Name
	}
	return strings.Join(lines, "\n")
}
