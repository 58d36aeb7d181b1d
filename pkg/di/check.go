package di

import (
	"errors"
	"log/slog"

	"gofiber-auth/pkg/config"
)

// Check returns the config.Faults that only the parts of the service find, or nil. It opens and
// connects to nothing.
func Check(cfg config.Config) error {
	client, err := connectRedis(cfg, slog.New(slog.DiscardHandler))
	if client == nil {
		return err
	}
	return errors.Join(err, client.Close())
}
