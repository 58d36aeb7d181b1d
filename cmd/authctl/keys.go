package main

import (
	"context"
	"errors"
	"fmt"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
)

func (t *tool) keys(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("keys needs rotate: %w", errMisuse)
	}
	if args[0] != "rotate" {
		return fmt.Errorf("there is no command keys %q: %w", args[0], errMisuse)
	}
	rest, err := parse(newFlags("keys rotate"), args[1:])
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("keys rotate takes no arguments; it reads TOKEN_ENCRYPTION_KEY: %w", errMisuse)
	}
	return t.withCore(ctx, func(core *di.Core, cfg config.Config) error {
		rotation, err := core.KeyRotation(cfg, t.log())
		if err != nil {
			return err
		}
		done, err := rotation.Rotate(ctx)
		return errors.Join(t.print(done, rotationText(done)), err)
	})
}

func rotationText(r serviceimpl.RotationResult) string {
	return fmt.Sprintf("%-19s%d identities\n%-19s%d\n%-19s%d",
		"sealed anew", r.Resealed, "current already", r.Current, "unreadable", r.Unreadable)
}
