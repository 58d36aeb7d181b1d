package di

import (
	"context"
	"log/slog"
	"regexp"
	"time"

	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/redis"
	authcode "gofiber-auth/pkg/auth_code_store"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/metrics"
)

// valuesInMemory is how much of this process's memory one-time values may take, in bytes.
const valuesInMemory = 64 << 20

// usedStates is how many used OAuth states are remembered at once, for up to 10 minutes each.
const usedStates = 100_000

// cache is what instances share for a short time: in Redis or, where none is configured, in
// the memory of this process.
type cache struct {
	values  repositories.OneTimeStore
	used    repositories.UsedStates
	limiter services.RateLimiter
	check   func(ctx context.Context) string // for readiness: "ok", or what is wrong
}

// notInNames is what the name of a client of Redis cannot have.
var notInNames = regexp.MustCompile(`[^!-~]+`)

// redisName is how Redis lists this service, and what the names of its keys begin with.
func redisName(cfg config.Config) string { return notInNames.ReplaceAllString(cfg.App.Name, "-") }

// connectRedis returns a client that has connected to nothing yet; nil without REDIS_URL. It
// fails with config.Faults alone.
func connectRedis(cfg config.Config, log *slog.Logger) (*redis.Client, error) {
	if cfg.RedisURL == "" {
		return nil, nil
	}
	client, err := redis.Connect(redis.Options{URL: string(cfg.RedisURL), Name: redisName(cfg), Log: log})
	if err != nil {
		return nil, config.Faults{{Variable: "REDIS_URL", Want: "must be a URL such as redis://:password@host:6379/0"}}
	}
	return client, nil
}

func (c *Container) newCache(m *metrics.Metrics, secret []byte) cache {
	if c.cfg.RedisURL == "" {
		limiter, _ := c.newLimiter(nil, m, secret)
		return cache{
			values: authcode.New(valuesInMemory, time.Now), used: authcode.NewUsedStates(usedStates, time.Now), limiter: limiter,
			check: func(context.Context) string { return "ok" },
		}
	}
	name, client := redisName(c.cfg), c.core.redis
	limiter, counts := c.newLimiter(redis.NewCounter(client, name+":limit"), m, secret)
	return cache{values: redis.NewOneTimeStore(client, name), used: redis.NewUsedStates(client, name, usedStates), limiter: limiter, check: firstFault(client.Check, counts)}
}
