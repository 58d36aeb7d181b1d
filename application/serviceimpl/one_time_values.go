package serviceimpl

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// oneTime keeps values of one kind under random tokens. The store sees a hash of the token and
// the value sealed: whoever reads the store can neither use nor read what is in it.
type oneTime[T any] struct {
	kind   string // keeps the kinds apart: a code is no ticket
	store  repositories.OneTimeStore
	sealer services.TokenSealer
}

func (o oneTime[T]) key(token string) string { return o.kind + ":" + hex.EncodeToString(hashOf(token)) }

// put keeps value under the token for ttl.
func (o oneTime[T]) put(ctx context.Context, token string, value T, ttl time.Duration) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("keep a %s: %w", o.kind, err)
	}
	key := o.key(token)
	return o.store.Put(ctx, key, []byte(o.sealer.Seal(plain, key)), ttl)
}

// get, take and use are as in repositories.OneTimeStore.
func (o oneTime[T]) get(ctx context.Context, token string) (value T, uses int, err error) {
	key := o.key(token)
	stored, err := o.store.Get(ctx, key)
	if err != nil {
		return value, 0, err
	}
	value, err = o.open(key, stored.Value)
	return value, stored.Uses, err
}

func (o oneTime[T]) take(ctx context.Context, token string) (value T, err error) {
	key := o.key(token)
	sealed, err := o.store.Take(ctx, key)
	if err != nil {
		return value, err
	}
	return o.open(key, sealed)
}

func (o oneTime[T]) use(ctx context.Context, token string, keep time.Duration) (value T, uses int, err error) {
	key := o.key(token)
	stored, err := o.store.Use(ctx, key, keep)
	if err != nil {
		return value, 0, err
	}
	value, err = o.open(key, stored.Value)
	return value, stored.Uses, err
}

// open returns domain.ErrNotFound for what no key of today opens: it is lost.
func (o oneTime[T]) open(key string, sealed []byte) (value T, err error) {
	plain, err := o.sealer.Open(string(sealed), key)
	if err != nil {
		return value, domain.ErrNotFound.Because(fmt.Errorf("open a %s: %w", o.kind, err))
	}
	if err := json.Unmarshal(plain, &value); err != nil {
		return value, fmt.Errorf("read a %s: %w", o.kind, err)
	}
	return value, nil
}

// missing returns instead in place of domain.ErrNotFound.
func missing(err error, instead *domain.Error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return instead.Because(err)
	}
	return err
}
