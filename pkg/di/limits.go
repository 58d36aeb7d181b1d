package di

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"

	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/breach"
	"gofiber-auth/infrastructure/limits"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// newLimiter returns what counts, in what is shared if that is not nil, and its health.
func (c *Container) newLimiter(shared limits.Counter, m *metrics.Metrics, secret []byte) (services.RateLimiter, func(context.Context) string) {
	if !c.cfg.RateLimits {
		if c.cfg.App.Env == config.Production {
			c.log.Warn("RATE_LIMIT_ENABLED=false: nothing here stops who guesses passwords")
		}
		return services.Unlimited{}, func(context.Context) string { return "ok" }
	}
	// Instances that share counts have to find them by the same keys, and share the secret.
	key := hmac.New(sha256.New, secret)
	key.Write([]byte("rate limits"))
	limiter := limits.New(limits.Options{Shared: shared, Secret: key.Sum(nil), Metrics: m, Log: c.log})
	c.closers.add(limiter.Close)
	return limiter, func(context.Context) string { return limiter.Check() }
}

// firstFault returns the first result of the checks that is not "ok".
func firstFault(checks ...func(context.Context) string) func(context.Context) string {
	return func(ctx context.Context) string {
		for _, check := range checks {
			if result := check(ctx); result != "ok" {
				return result
			}
		}
		return "ok"
	}
}

// addBreaches makes what looks for passwords among stolen ones.
func (c *Core) addBreaches(cfg config.Breach, log *slog.Logger, m *metrics.Metrics) error {
	c.Breaches = services.NoBreachCheck{}
	if cfg.URL == "" {
		return nil
	}
	checker, err := breach.New(breach.Options{URL: string(cfg.URL), Closed: cfg.Closed, Metrics: m, Log: log})
	if err != nil {
		return err
	}
	c.Breaches = checker
	c.closers.add(checker.Close)
	return nil
}
