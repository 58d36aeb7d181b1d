package serviceimpl

import (
	"context"
	"errors"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/domain/services"
)

// SessionsDeps is all that Sessions needs. Every field is required.
type SessionsDeps struct {
	Reader   repositories.SessionReader
	Tokens   services.AccessTokens
	Lifetime time.Duration // of a session, from its log-in; never extended
	Now      func() time.Time
	NewID    func() string
}

// Sessions begins sessions and tells whose a token is.
type Sessions struct{ SessionsDeps }

var _ services.Authenticator = (*Sessions)(nil)

// NewSessions returns Sessions on the given parts.
func NewSessions(d SessionsDeps) *Sessions { return &Sessions{d} }

// Authenticate implements services.Authenticator. It makes one query.
func (s *Sessions) Authenticate(ctx context.Context, accessToken string) (models.Principal, error) {
	subject, err := s.Tokens.Verify(accessToken)
	if err != nil {
		return models.Principal{}, err
	}
	p, err := s.Reader.WithUser(ctx, subject.SessionID)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return models.Principal{}, domain.ErrUnauthorized.Because(errors.New("the session has ended"))
	case err != nil:
		return models.Principal{}, err
	case p.User.ID != subject.UserID || !p.User.IsActive || !p.Session.IsLive(s.Now()):
		return models.Principal{}, domain.ErrUnauthorized.Because(errors.New("the session is not live"))
	}
	return p, nil
}

// pendingSession is a session that is not stored yet, with the refresh token that only the
// client will know.
type pendingSession struct {
	session      models.Session
	stored       models.RefreshToken
	refreshToken string
}

// prepare returns a session that begins by the method: models.MethodPassword or a provider.
func (s *Sessions) prepare(userID, method string, from models.Client) pendingSession {
	return s.prepareAs(s.NewID(), userID, method, from)
}

// prepareAs prepares a session whose id was chosen before.
func (s *Sessions) prepareAs(id, userID, method string, from models.Client) pendingSession {
	now := s.Now()
	token := newSecret()
	return pendingSession{
		session: models.Session{
			ID: id, UserID: userID, Method: method, UserAgent: from.UserAgent, IP: from.IP,
			CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(s.Lifetime),
		},
		stored:       models.RefreshToken{Hash: hashOf(token), SessionID: id, CreatedAt: now},
		refreshToken: token,
	}
}

// left returns how many seconds the session still has, a begun one included.
func (s *Sessions) left(session models.Session) int64 {
	return max(1, int64((session.ExpiresAt.Sub(s.Now())+time.Second-1)/time.Second))
}

// grant returns the tokens of a session that has been stored, or refreshed.
func (s *Sessions) grant(u models.User, p pendingSession) (services.Grant, error) {
	token, expiresIn, err := s.Tokens.Sign(u, p.session)
	if err != nil {
		return services.Grant{}, err
	}
	return services.Grant{
		User: u, AccessToken: token, ExpiresIn: expiresIn,
		RefreshToken: p.refreshToken, RefreshExpiresIn: s.left(p.session),
	}, nil
}
