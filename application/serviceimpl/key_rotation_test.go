package serviceimpl_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/infrastructure/sealing"
	"gofiber-auth/test/storage"
)

// sealerOf returns a sealer under the keys of the letters; the first seals.
func sealerOf(t *testing.T, letters string) *sealing.Sealer {
	t.Helper()
	var list [][]byte
	for _, letter := range []byte(letters) {
		list = append(list, bytes.Repeat([]byte{letter}, 32))
	}
	s, err := sealing.New(list...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sealedIdentity stores a user with an identity whose tokens are sealed; an empty one is none.
func sealedIdentity(t *testing.T, store *storage.Storage, s *sealing.Sealer, access, refresh string) models.OAuthProvider {
	t.Helper()
	u := models.User{ID: newID(), Role: models.RoleUser, Version: 1}
	u.Email, u.Username = u.ID+"@example.com", u.ID
	i := models.OAuthProvider{ID: newID(), UserID: u.ID, Provider: models.ProviderGoogle, ProviderID: u.ID, CreatedAt: now(), UpdatedAt: now()}
	if access != "" {
		i.AccessToken = s.Seal([]byte(access), i.AccessTokenContext())
	}
	if refresh != "" {
		i.RefreshToken = s.Seal([]byte(refresh), i.RefreshTokenContext())
	}
	err := store.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		return errors.Join(r.Users.Create(ctx, u), r.Identities.Create(ctx, i))
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func storedIdentity(t *testing.T, store *storage.Storage, i models.OAuthProvider) models.OAuthProvider {
	t.Helper()
	got, err := store.Identities.BySubject(t.Context(), i.Provider, i.ProviderID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// wantTokens opens the tokens of an identity with the sealer.
func wantTokens(t *testing.T, store *storage.Storage, s *sealing.Sealer, i models.OAuthProvider, access, refresh string) {
	t.Helper()
	got := storedIdentity(t, store, i)
	for _, token := range []struct{ sealed, place, want string }{
		{got.AccessToken, got.AccessTokenContext(), access}, {got.RefreshToken, got.RefreshTokenContext(), refresh},
	} {
		if token.want == "" {
			if token.sealed != "" {
				t.Errorf("%s is %q, want none", token.place, token.sealed)
			}
			continue
		}
		if text, err := s.Open(token.sealed, token.place); err != nil || string(text) != token.want {
			t.Errorf("%s is %q, %v; want %q", token.place, text, err, token.want)
		}
	}
}

// rotateKeys returns what was logged, too.
func rotateKeys(t *testing.T, tokens repositories.ProviderTokens, s *sealing.Sealer) (serviceimpl.RotationResult, string, error) {
	t.Helper()
	var log bytes.Buffer
	rotation := serviceimpl.NewKeyRotation(serviceimpl.KeyRotationDeps{Tokens: tokens, Sealer: s, Log: slog.New(slog.NewTextHandler(&log, nil))})
	done, err := rotation.Rotate(t.Context())
	return done, log.String(), err
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	store := storage.Open(t)
	tokens, old := store.Identities, sealerOf(t, "a")
	both, access, refresh := sealedIdentity(t, store, old, "access", "refresh"), sealedIdentity(t, store, old, "access", ""), sealedIdentity(t, store, old, "", "refresh")
	sealedIdentity(t, store, old, "", "")
	current := sealedIdentity(t, store, sealerOf(t, "b"), "access", "refresh")
	done, log, err := rotateKeys(t, tokens, sealerOf(t, "ba"))
	if want := (serviceimpl.RotationResult{Resealed: 3, Current: 1}); err != nil || done != want || log != "" {
		t.Errorf("Rotate() = %+v, %v, %s; want %+v", done, err, log, want)
	}
	alone := sealerOf(t, "b")
	wantTokens(t, store, alone, both, "access", "refresh")
	wantTokens(t, store, alone, access, "access", "")
	wantTokens(t, store, alone, refresh, "", "refresh")
	if got := storedIdentity(t, store, current); got.AccessToken != current.AccessToken || got.RefreshToken != current.RefreshToken {
		t.Error("tokens under the current key were sealed anew")
	}
	if got := storedIdentity(t, store, both); !got.UpdatedAt.Equal(both.UpdatedAt) {
		t.Error("a change of keys counts as a change of the identity")
	}
	done, _, err = rotateKeys(t, tokens, alone)
	if want := (serviceimpl.RotationResult{Current: 4}); err != nil || done != want {
		t.Errorf("the second Rotate() = %+v, %v; want %+v", done, err, want)
	}
}

// What cannot be opened stays, and keeps nothing else from its new key.
func TestKeyRotationLeavesWhatItCannotOpen(t *testing.T) {
	t.Parallel()
	store := storage.Open(t)
	lost := sealedIdentity(t, store, sealerOf(t, "x"), "access", "refresh")
	half := sealedIdentity(t, store, sealerOf(t, "a"), "access", "refresh")
	moved := sealedIdentity(t, store, sealerOf(t, "a"), "access", "")
	last := sealedIdentity(t, store, sealerOf(t, "a"), "access", "refresh")
	err := store.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
		half.RefreshToken, moved.AccessToken = lost.RefreshToken, last.AccessToken // from another row
		return errors.Join(r.Identities.Save(ctx, half), r.Identities.Save(ctx, moved))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []serviceimpl.RotationResult{{Resealed: 1, Unreadable: 3}, {Current: 1, Unreadable: 3}} {
		done, log, err := rotateKeys(t, store.Identities, sealerOf(t, "ba"))
		if !errors.Is(err, serviceimpl.ErrTokensUnreadable) || done != want {
			t.Errorf("Rotate() = %+v, %v; want %+v, %v", done, err, want, serviceimpl.ErrTokensUnreadable)
		}
		for _, i := range []models.OAuthProvider{lost, half, moved} {
			if !strings.Contains(log, i.ID) {
				t.Errorf("identity %s is not in the log: %s", i.ID, log)
			}
			if strings.Contains(log, i.UserID) || strings.Contains(log, i.RefreshToken) && i.RefreshToken != "" {
				t.Errorf("the log tells too much: %s", log)
			}
		}
		if strings.Contains(log, last.ID) {
			t.Errorf("identity %s is in the log: %s", last.ID, log)
		}
	}
	wantTokens(t, store, sealerOf(t, "b"), last, "access", "refresh")
	wantTokens(t, store, sealerOf(t, "x"), lost, "access", "refresh")
	if got := storedIdentity(t, store, half); got.RefreshToken != half.RefreshToken || !sealerOf(t, "b").IsCurrent(got.AccessToken) {
		t.Errorf("half of the tokens: %+v", got)
	}
}

// meddlingTokens calls before between what was read and what is replaced.
type meddlingTokens struct {
	repositories.ProviderTokens

	before func(ctx context.Context, old models.OAuthProvider) error
}

func (m meddlingTokens) Replace(ctx context.Context, old, fresh models.OAuthProvider) (bool, error) {
	if err := m.before(ctx, old); err != nil {
		return false, err
	}
	return m.ProviderTokens.Replace(ctx, old, fresh)
}

func TestKeyRotationWhileSomebodyLogsIn(t *testing.T) {
	t.Parallel()
	store := storage.Open(t)
	var all []models.OAuthProvider
	for range 5 {
		all = append(all, sealedIdentity(t, store, sealerOf(t, "a"), "access", "refresh"))
	}
	change := func(fn func(ctx context.Context, r repositories.Set) error) error {
		return store.Work.Do(t.Context(), fn)
	}
	logIn := func(i models.OAuthProvider, sealer *sealing.Sealer) error {
		i.AccessToken, i.UpdatedAt = sealer.Seal([]byte("newer"), i.AccessTokenContext()), now().Add(time.Minute)
		return change(func(ctx context.Context, r repositories.Set) error { return r.Identities.Save(ctx, i) })
	}
	meddled := map[string]bool{}
	tokens := meddlingTokens{store.Identities, func(ctx context.Context, old models.OAuthProvider) error {
		if meddled[old.ID] {
			return nil
		}
		meddled[old.ID] = true
		switch old.ID {
		case all[1].ID: // at an instance that has the new keys
			fresh := sealerOf(t, "ba")
			old.RefreshToken = fresh.Seal([]byte("refresh"), old.RefreshTokenContext())
			return logIn(old, fresh)
		case all[2].ID: // at one that has not
			return logIn(old, sealerOf(t, "a"))
		case all[3].ID:
			return change(func(ctx context.Context, r repositories.Set) error { return r.Identities.Delete(ctx, old.ID) })
		}
		return nil
	}}
	done, _, err := rotateKeys(t, tokens, sealerOf(t, "ba"))
	if want := (serviceimpl.RotationResult{Resealed: 3, Current: 1}); err != nil || done != want {
		t.Errorf("Rotate() = %+v, %v; want %+v", done, err, want)
	}
	for n, access := range map[int]string{0: "access", 1: "newer", 2: "newer", 4: "access"} {
		wantTokens(t, store, sealerOf(t, "b"), all[n], access, "refresh")
	}
}

func TestKeyRotationEnds(t *testing.T) {
	t.Parallel()
	store := storage.Open(t)
	tokens, first := store.Identities, sealedIdentity(t, store, sealerOf(t, "a"), "access", "")
	second := sealedIdentity(t, store, sealerOf(t, "a"), "access", "")
	for _, tt := range []struct {
		name   string
		before func(ctx context.Context, old models.OAuthProvider) error
		want   string
	}{
		{"the database goes away", func(_ context.Context, old models.OAuthProvider) error {
			if old.ID == second.ID {
				return domain.ErrUnavailable
			}
			return nil
		}, domain.ErrUnavailable.Code},
		{"tokens that change all the time", func(ctx context.Context, old models.OAuthProvider) error {
			if old.ID == first.ID {
				return nil
			}
			old.AccessToken = sealerOf(t, "a").Seal([]byte("newer"), old.AccessTokenContext())
			return store.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error { return r.Identities.Save(ctx, old) })
		}, second.ID},
	} {
		_, _, err := rotateKeys(t, meddlingTokens{tokens, tt.before}, sealerOf(t, "ba"))
		if err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, serviceimpl.ErrTokensUnreadable) {
			t.Errorf("%s: Rotate() = %v, want %s", tt.name, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	rotation := serviceimpl.NewKeyRotation(serviceimpl.KeyRotationDeps{
		Tokens: meddlingTokens{tokens, func(context.Context, models.OAuthProvider) error { cancel(); return nil }},
		Sealer: sealerOf(t, "ca"), Log: slog.New(slog.DiscardHandler),
	})
	if _, err := rotation.Rotate(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: Rotate() = %v", err)
	}
	// And what was interrupted goes on.
	if done, _, err := rotateKeys(t, tokens, sealerOf(t, "cba")); err != nil || done != (serviceimpl.RotationResult{Resealed: 2}) {
		t.Errorf("Rotate() after an interruption = %+v, %v", done, err)
	}
}
