package serviceimpl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

const (
	rotationPage  = 200 // identities looked at together
	rotationTries = 20  // for an identity whose tokens change whenever they are to be replaced
)

// ErrTokensUnreadable says that some tokens could not be opened. They are left as they are.
var ErrTokensUnreadable = errors.New("some tokens cannot be opened with the keys that are set; they are left as they are")

// KeyRotationDeps is all that KeyRotation needs. Every field is required.
type KeyRotationDeps struct {
	Tokens repositories.ProviderTokens
	Sealer services.TokenSealer
	Log    *slog.Logger // for the ids of the identities whose tokens cannot be opened
}

// KeyRotation seals the tokens of all identities under the current key. It may be interrupted
// and begun again at any time, by several at once and while people log in.
type KeyRotation struct{ KeyRotationDeps }

// NewKeyRotation returns KeyRotation on the given parts.
func NewKeyRotation(d KeyRotationDeps) *KeyRotation { return &KeyRotation{d} }

// RotationResult counts the identities that have a token, each once.
type RotationResult struct {
	Resealed   int `json:"resealed"`   // under the current key from now on
	Current    int `json:"current"`    // under the current key already
	Unreadable int `json:"unreadable"` // with a token that no key opens
}

// Rotate returns what it has done so far with an error, too. It returns ErrTokensUnreadable when
// everything else is done.
func (k *KeyRotation) Rotate(ctx context.Context) (done RotationResult, err error) {
	for after, failures := "", 0; ; {
		page, err := k.Tokens.Page(ctx, after, rotationPage)
		if err != nil {
			return done, fmt.Errorf("look for tokens: %w", err)
		}
		settled := 0
		for _, i := range page {
			ok, err := k.reseal(ctx, i, &done)
			if err != nil {
				return done, err
			}
			if !ok {
				break
			}
			settled, after = settled+1, i.ID
		}
		switch {
		case settled > 0:
			failures = 0
		case len(page) > 0:
			failures++
		}
		if failures == rotationTries {
			return done, fmt.Errorf("identity %s: its tokens change all the time", page[0].ID)
		}
		if settled == len(page) && len(page) < rotationPage {
			break
		}
	}
	if done.Unreadable > 0 {
		return done, ErrTokensUnreadable
	}
	return done, nil
}

// reseal seals the tokens of an identity under the current key and counts it. It reports false
// where a log-in has replaced them meanwhile, or the identity has gone.
func (k *KeyRotation) reseal(ctx context.Context, old models.OAuthProvider, done *RotationResult) (bool, error) {
	fresh := old
	access, accessErr := k.anew(old.AccessToken, old.AccessTokenContext())
	refresh, refreshErr := k.anew(old.RefreshToken, old.RefreshTokenContext())
	fresh.AccessToken, fresh.RefreshToken = access, refresh
	changed := access != old.AccessToken || refresh != old.RefreshToken
	if changed {
		replaced, err := k.Tokens.Replace(ctx, old, fresh)
		if err != nil {
			return false, fmt.Errorf("replace the tokens of identity %s: %w", old.ID, err)
		}
		if !replaced {
			return false, nil
		}
	}
	switch err := errors.Join(accessErr, refreshErr); {
	case err != nil: // the other token may have been sealed anew nevertheless
		done.Unreadable++
		k.Log.WarnContext(ctx, "a token cannot be opened", "identity", old, "error", err)
	case changed:
		done.Resealed++
	default:
		done.Current++
	}
	return true, nil
}

// anew returns the token under the current key, and what it was where it cannot be opened.
func (k *KeyRotation) anew(sealed, place string) (string, error) {
	if sealed == "" || k.Sealer.IsCurrent(sealed) {
		return sealed, nil
	}
	token, err := k.Sealer.Open(sealed, place)
	if err != nil {
		return sealed, err
	}
	return k.Sealer.Seal(token, place), nil
}
