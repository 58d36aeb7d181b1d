package repositorytest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

// mailToken returns a token of the user, as a database keeps it.
func mailToken(u models.User, purpose models.MailKind) models.MailToken {
	hash := make([]byte, 32)
	rand.Read(hash)
	return models.MailToken{Hash: hash, Purpose: purpose, UserID: u.ID, Email: u.Email, ExpiresAt: kept(now.Add(time.Hour))}
}

var mailTokenTests = map[string]func(t *testing.T, s store){
	"a token is found by its hash": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		token := mailToken(ada, models.MailVerify)
		s.put(t, token)
		wantGot(t, token)(s.MailTokens.MailToken(t.Context(), token.Hash))
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			wantGot(t, token)(r.Tokens.ByHash(ctx, token.Hash))
			wantError(t, "ByHash() of another", errOf(r.Tokens.ByHash(ctx, mailToken(ada, models.MailVerify).Hash)), domain.ErrNotFound)
			return nil
		})
		wantTokens(t, s, map[string]bool{string(mailToken(ada, models.MailVerify).Hash): false, "": false})
	},
	"a newer token takes the place of the older one": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		first, second := mailToken(ada, models.MailReset), mailToken(ada, models.MailReset)
		second.Email, second.ExpiresAt = "new@example.com", kept(now.Add(2*time.Hour))
		verify, other := mailToken(ada, models.MailVerify), mailToken(grace, models.MailReset)
		s.put(t, first, verify, other, second)
		wantTokens(t, s, map[string]bool{string(first.Hash): false, string(second.Hash): true, string(verify.Hash): true, string(other.Hash): true})
		wantGot(t, second)(s.MailTokens.MailToken(t.Context(), second.Hash))
	},
	"tokens are removed by purpose, all at once, and with their user": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		reset, verify, other := mailToken(ada, models.MailReset), mailToken(ada, models.MailVerify), mailToken(grace, models.MailReset)
		s.put(t, reset, verify, other)
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			return r.Tokens.Delete(ctx, ada.ID, models.MailReset)
		})
		wantTokens(t, s, map[string]bool{string(reset.Hash): false, string(verify.Hash): true, string(other.Hash): true})
		s.put(t, reset)
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Tokens.DeleteOfUser(ctx, ada.ID) })
		wantTokens(t, s, map[string]bool{string(reset.Hash): false, string(verify.Hash): false, string(other.Hash): true})
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Users.Delete(ctx, grace.ID) })
		wantTokens(t, s, map[string]bool{string(other.Hash): false})
		s.wantRefused(t, domain.ErrNotFound, func(ctx context.Context, r repositories.Set) error { return r.Tokens.Put(ctx, other) })
	},
	"expired tokens are removed, so many at a time": func(t *testing.T, s store) {
		ada, grace := s.user(t, "Ada"), s.user(t, "Grace")
		end := time.Date(2026, 1, 1, 0, 0, 10, 0, time.UTC)
		var tokens [4]models.MailToken
		for i, offset := range []time.Duration{-time.Second, -time.Microsecond, 0, time.Microsecond} {
			tokens[i] = mailToken([]models.User{ada, grace}[i/2], []models.MailKind{models.MailReset, models.MailVerify}[i%2])
			tokens[i].ExpiresAt = end.Add(offset)
		}
		s.put(t, tokens[:]...)
		for _, want := range []int64{1, 1, 0} {
			wantGot(t, want)(s.MailTokens.DeleteExpiredTokens(t.Context(), end.In(time.FixedZone("Auckland", 13*60*60)), 1))
		}
		wantTokens(t, s, map[string]bool{string(tokens[0].Hash): false, string(tokens[1].Hash): false, string(tokens[2].Hash): true, string(tokens[3].Hash): true})
	},
}

// put stores tokens.
func (s store) put(t *testing.T, tokens ...models.MailToken) {
	t.Helper()
	for _, token := range tokens {
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Tokens.Put(ctx, token) })
	}
}

// wantTokens tells which hashes are those of tokens.
func wantTokens(t *testing.T, s store, want map[string]bool) {
	t.Helper()
	for hash, there := range want {
		_, err := s.MailTokens.MailToken(t.Context(), []byte(hash))
		if there {
			noError(t, "MailToken()", err)
		} else {
			wantError(t, "MailToken()", err, domain.ErrNotFound)
		}
	}
}
