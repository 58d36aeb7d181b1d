package main

import (
	"context"
	"fmt"

	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
)

func (t *tool) sessions(ctx context.Context, args []string) error {
	flags := newFlags("sessions")
	all := flags.Bool("all", false, "")
	rest, err := parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) == 0 || rest[0] != "end" || *all && len(rest) != 1 || !*all && len(rest) != 2 {
		return fmt.Errorf("sessions needs end with --all or one e-mail address or id: %w", errMisuse)
	}
	return t.withCore(ctx, func(core *di.Core, cfg config.Config) error {
		users := 1
		if *all {
			users, err = core.Operation(cfg).EndAllSessions(ctx)
		} else {
			err = t.onUser(ctx, core, rest[1], func(id string) error { return core.Operation(cfg).EndSessions(ctx, id) })
		}
		if err != nil {
			return err
		}
		return t.print(map[string]int{"users": users}, fmt.Sprintf("ended the sessions of %d users", users))
	})
}
