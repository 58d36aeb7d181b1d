package serviceimpl

import (
	"context"

	"golang.org/x/text/unicode/norm"

	"gofiber-auth/domain/services"
)

// checkBreached returns a domain.ErrValidation of the field where the password was stolen
// somewhere. It asks another service, so it comes after the rules that cost nothing, and never
// within a transaction.
func checkBreached(ctx context.Context, checker services.BreachChecker, field, password string) error {
	breached, err := checker.Breached(ctx, norm.NFC.String(password))
	if err != nil {
		return err
	}
	var f faults
	if breached {
		f.add(field, "breached_password")
	}
	return f.err()
}
