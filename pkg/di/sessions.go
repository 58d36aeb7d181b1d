package di

import (
	"log/slog"

	"gofiber-auth/infrastructure/postgres"
	"gofiber-auth/infrastructure/redis"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// shareSessions keeps a copy of the live sessions in Redis where there is one, and returns how
// the unit of work tells it. authctl does so, too: it ends sessions.
func (c *Core) shareSessions(cfg config.Config, log *slog.Logger, m *metrics.Metrics) []postgres.UnitOfWorkOption {
	if c.redis == nil {
		return nil
	}
	c.liveSessions = redis.NewLiveSessions(c.redis, redis.LiveSessionsOptions{
		Prefix: redisName(cfg), TokenLifetime: cfg.Tokens.ExpiresIn, Sessions: postgres.NewSessions(c.Database), Metrics: m, Log: log,
	})
	c.closers.add(c.liveSessions.Close)
	return []postgres.UnitOfWorkOption{postgres.OnSessions(c.liveSessions.Changed)}
}
