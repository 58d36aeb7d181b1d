package redis

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"gofiber-auth/domain"
	"gofiber-auth/domain/services"
	"gofiber-auth/infrastructure/limits"
)

// Counter is a limits.Counter that all instances share, by the server's clock.
type Counter struct {
	client *Client
	prefix string
}

var _ limits.Counter = (*Counter)(nil)

// NewCounter returns a counter whose keys begin with the prefix and a colon.
func NewCounter(c *Client, prefix string) *Counter { return &Counter{client: c, prefix: prefix + ":"} }

// takeScript keeps until when a key is ahead, in microseconds. A time further off than may be
// spent is that of a limit that was wider, or of a clock that was set back.
var takeScript = redis.NewScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, span = tonumber(ARGV[1]), tonumber(ARGV[2])
local ahead = math.min(math.max(0, (tonumber(redis.call('GET', KEYS[1]) or 0) or 0) - now), span)
if ahead + interval > span then return {0, ahead} end
ahead = ahead + interval
redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000))
return {1, ahead}`)

// Take implements limits.Counter.
func (c *Counter) Take(ctx context.Context, l services.Limit, key string) (allowed bool, ahead time.Duration, err error) {
	interval, span := limits.Rate(l)
	var result []int64
	err = c.client.call(ctx, "count", func(ctx context.Context) (err error) {
		result, err = takeScript.Run(ctx, c.client.rdb, []string{c.key(l, key)}, interval, span).Int64Slice()
		return err
	})
	if err != nil {
		return false, 0, err
	}
	if len(result) != 2 {
		return false, 0, domain.ErrInternal.Because(errors.New("redis: count: the answer is not that of our script"))
	}
	return result[0] == 1, time.Duration(result[1]) * time.Microsecond, nil
}

// Forget implements limits.Counter.
func (c *Counter) Forget(ctx context.Context, l services.Limit, key string) error {
	return c.client.call(ctx, "forget count", func(ctx context.Context) error {
		return c.client.rdb.Del(ctx, c.key(l, key)).Err()
	})
}

// key is text, for those who look into Redis.
func (c *Counter) key(l services.Limit, key string) string {
	return c.prefix + l.Name + ":" + base64.RawURLEncoding.EncodeToString([]byte(key))
}
