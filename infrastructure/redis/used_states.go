package redis

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"gofiber-auth/domain/repositories"
)

// UsedStates is a repositories.UsedStates that all instances share. It is one sorted set, so that
// its size has a bound whatever strangers do.
type UsedStates struct {
	client *Client
	key    string
	limit  int
}

var _ repositories.UsedStates = (*UsedStates)(nil)

// NewUsedStates returns a memory of at most limit states, in a key that begins with the prefix.
func NewUsedStates(c *Client, prefix string, limit int) *UsedStates {
	return &UsedStates{client: c, key: prefix + ":used-states", limit: limit}
}

// markScript goes by the server's clock, in milliseconds.
var markScript = redis.NewScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local added = redis.call('ZADD', KEYS[1], 'NX', now + ARGV[2], ARGV[1])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[3])
if over > 0 then redis.call('ZPOPMIN', KEYS[1], over) end
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2])) end
return added`)

// MarkUsed implements repositories.UsedStates.
func (s *UsedStates) MarkUsed(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	err = s.client.call(ctx, "mark state", func(ctx context.Context) (err error) {
		first, err = markScript.Run(ctx, s.client.rdb, []string{s.key}, key, atLeast(ttl).Milliseconds(), s.limit).Bool()
		return err
	})
	return first, err
}
