package serviceimpl

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// RefreshKey returns the key of AccountsDeps.RefreshKey, derived from the secret of the access
// tokens (RFC 5869). Instances that share the secret derive the same successors.
func RefreshKey(secret []byte) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "gofiber-auth refresh token successor", sha256.Size)
	if err != nil { // only for a key longer than 255 hashes, and in FIPS mode for a short secret
		panic(err)
	}
	return key
}

// successorOf derives the refresh token that follows a used one. It takes the key, the salt in the
// database and the used token itself, so none of them alone gives the successor away.
func (a *Accounts) successorOf(token string, salt []byte) string {
	mac := hmac.New(sha256.New, a.RefreshKey)
	mac.Write(salt)
	mac.Write([]byte(token))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Refresh implements services.Authentication. The session is locked throughout: an end of it
// comes either before, and then nothing is left to refresh, or after, and then ends the successor
// too.
func (a *Accounts) Refresh(ctx context.Context, in dto.RefreshRequest) (services.Grant, error) {
	if err := checkBody(in); err != nil {
		return services.Grant{}, err
	}
	came, hash := a.Now(), hashOf(in.RefreshToken) // the wait for the lock does not count against the grace
	salt := make([]byte, sha256.Size)
	_, _ = rand.Read(salt) // it never fails: crypto/rand ends the process instead
	var (
		user   models.User
		answer pendingSession
		reused bool
	)
	err := a.Work.Do(ctx, func(ctx context.Context, r repositories.Set) error {
		reused = false
		known, err := r.Sessions.ByRefreshToken(ctx, hash)
		if errors.Is(err, domain.ErrNotFound) {
			return domain.ErrRefreshToken
		}
		if err != nil {
			return err
		}
		session := known.Principal.Session
		user = known.Principal.User
		now := a.Now()
		switch {
		case !session.IsLive(now):
			return domain.ErrRefreshToken.Because(errors.New("the session is too old"))
		case !user.IsActive:
			return domain.ErrRefreshToken.Because(errors.New("the user is not active"))
		case known.IsReuse(came, a.RefreshGrace):
			reused = true
			// It is not known whose hands the token is in: the entry names no actor.
			if err := r.Audit.Append(ctx, entryOf(ctx, a.NewID(), models.AuditRefreshReused, user.ID, now, nil)); err != nil {
				return err
			}
			return r.Sessions.Delete(ctx, session.ID)
		case known.Token.UsedAt != nil:
			next := a.successorOf(in.RefreshToken, known.Token.Salt)
			if subtle.ConstantTimeCompare(hashOf(next), known.Successor.Hash) != 1 {
				return domain.ErrRefreshToken.Because(errors.New("the successor was derived from another secret"))
			}
			answer = pendingSession{session: session, refreshToken: next}
			return nil
		}
		next := a.successorOf(in.RefreshToken, salt)
		answer = pendingSession{session: session, refreshToken: next}
		return r.Sessions.Rotate(ctx, session, salt, models.RefreshToken{Hash: hashOf(next), SessionID: session.ID, Parent: hash, CreatedAt: now})
	})
	switch {
	case err != nil:
		return services.Grant{}, err
	case reused:
		return services.Grant{}, domain.ErrRefreshReused
	}
	return a.Sessions.grant(user, answer)
}
