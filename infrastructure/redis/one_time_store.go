package redis

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
)

// OneTimeStore is a repositories.OneTimeStore that all instances share. Of a call whose answer
// was lost nobody knows whether it was done: a Take may have removed the value, and a Use may
// have been counted. It is never done twice.
//
// Redis must be set up to remove nothing before its time (maxmemory-policy noeviction), or
// codes are gone early.
type OneTimeStore struct {
	client *Client
	prefix string
}

// NewOneTimeStore returns a store whose keys begin with the prefix and a colon, so that others
// can use the same database.
func NewOneTimeStore(c *Client, prefix string) *OneTimeStore {
	return &OneTimeStore{client: c, prefix: prefix + ":"}
}

var _ repositories.OneTimeStore = (*OneTimeStore)(nil)

// A value is kept behind the number of its uses and a space: in one string, so that each call
// is one command, done wholly or not at all.
var unused = []byte("0 ")

// useScript counts a use. Scripts are atomic, as single commands are.
var useScript = redis.NewScript(`
local kept = redis.call('GET', KEYS[1])
if not kept then return false end
local space = string.find(kept, ' ', 1, true)
local uses = tonumber(string.sub(kept, 1, space - 1)) + 1
kept = uses .. string.sub(kept, space)
if uses == 1 then
	redis.call('SET', KEYS[1], kept, 'PX', ARGV[1])
else
	redis.call('SET', KEYS[1], kept, 'KEEPTTL')
end
return kept`)

// Put implements repositories.OneTimeStore.
func (s *OneTimeStore) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return s.client.call(ctx, "put", func(ctx context.Context) error {
		return s.client.rdb.Set(ctx, s.prefix+key, append(bytes.Clone(unused), value...), atLeast(ttl)).Err()
	})
}

// Get implements repositories.OneTimeStore.
func (s *OneTimeStore) Get(ctx context.Context, key string) (repositories.OneTimeValue, error) {
	return s.read(ctx, "get", func(ctx context.Context) (string, error) {
		return s.client.rdb.Get(ctx, s.prefix+key).Result()
	})
}

// Take implements repositories.OneTimeStore.
func (s *OneTimeStore) Take(ctx context.Context, key string) ([]byte, error) {
	taken, err := s.read(ctx, "take", func(ctx context.Context) (string, error) {
		return s.client.rdb.GetDel(ctx, s.prefix+key).Result()
	})
	return taken.Value, err
}

// Use implements repositories.OneTimeStore.
func (s *OneTimeStore) Use(ctx context.Context, key string, keep time.Duration) (repositories.OneTimeValue, error) {
	return s.read(ctx, "use", func(ctx context.Context) (string, error) {
		return useScript.Run(ctx, s.client.rdb, []string{s.prefix + key}, atLeast(keep).Milliseconds()).Text()
	})
}

// read runs a command that returns what is kept.
func (s *OneTimeStore) read(ctx context.Context, what string, command func(context.Context) (string, error)) (repositories.OneTimeValue, error) {
	var kept string
	err := s.client.call(ctx, what, func(ctx context.Context) (err error) {
		kept, err = command(ctx)
		return err
	})
	if err != nil {
		return repositories.OneTimeValue{}, err
	}
	uses, value, ok := bytes.Cut([]byte(kept), []byte(" "))
	n, err := strconv.Atoi(string(uses))
	if !ok || err != nil {
		return repositories.OneTimeValue{}, domain.ErrInternal.Because(errors.New("redis: " + what + ": the value is not one of ours"))
	}
	return repositories.OneTimeValue{Value: value, Uses: n}, nil
}

// atLeast returns a time that Redis takes: it counts in milliseconds, and takes none for ever.
func atLeast(d time.Duration) time.Duration { return max(d, time.Millisecond) }
