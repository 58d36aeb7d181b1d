package repositorytest

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
)

var refreshTests = map[string]func(t *testing.T, s store){
	"a refresh token comes back with its session and its user": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		login, token := s.logInWith(t, ada)
		s.logIn(t, ada)
		s.Do(t, change(ada.ID, func(u *models.User) { u.Username = "Countess" }))
		ada.Username = "Countess"
		wantSame(t, s.refresh(t, token.Hash), models.Refresh{Principal: models.Principal{User: ada, Session: login}, Token: token})
	},
	"an unknown refresh token is not found": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		_, token := s.logInWith(t, ada)
		for _, hash := range [][]byte{nil, {}, token.Hash[:31], make([]byte, 32)} {
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				wantError(t, "ByRefreshToken()", errOf(r.Sessions.ByRefreshToken(ctx, hash)), domain.ErrNotFound)
				return nil
			})
		}
	},
	"a used refresh token is kept, with its first use, its salt and its successor": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		login, first := s.logInWith(t, ada)
		second := s.rotate(t, first, now.Add(time.Minute))
		first.UsedAt, first.Salt = new(kept(now.Add(time.Minute))), salt
		login.LastUsedAt = kept(now.Add(time.Minute))
		of := models.Principal{User: ada, Session: login}
		wantSame(t, s.refresh(t, first.Hash), models.Refresh{Principal: of, Token: first, Successor: models.RefreshToken{Hash: second.Hash}})
		wantSame(t, s.refresh(t, second.Hash), models.Refresh{Principal: of, Token: second})
		wantGot(t, of)(s.Sessions.WithUser(t.Context(), login.ID))
	},
	"it is known whether the successor has been used": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		_, first := s.logInWith(t, ada)
		_, elsewhere := s.logInWith(t, ada)
		s.rotate(t, s.rotate(t, elsewhere, now), now)
		second := s.rotate(t, first, now)
		wantSame(t, s.refresh(t, first.Hash).Successor.UsedAt, nil)
		s.rotate(t, second, now.Add(time.Hour))
		wantSame(t, s.refresh(t, first.Hash).Successor.UsedAt, new(kept(now.Add(time.Hour))))
		wantSame(t, s.refresh(t, second.Hash).Successor.UsedAt, nil)
	},
	"a session takes all its refresh tokens along": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		login, first := s.logInWith(t, ada)
		second := s.rotate(t, first, now)
		s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Sessions.Delete(ctx, login.ID) })
		for _, token := range []models.RefreshToken{first, second} {
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				wantError(t, "ByRefreshToken()", errOf(r.Sessions.ByRefreshToken(ctx, token.Hash)), domain.ErrNotFound)
				return nil
			})
		}
	},
	"of many that bring one refresh token, one finds it unused, and the others its successor": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		_, token := s.logInWith(t, ada)
		successors := make([]string, crowd)
		errs := atOnce(crowd, func(i int) error {
			next := successor(token, now)
			return s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
				known, err := r.Sessions.ByRefreshToken(ctx, token.Hash)
				if err != nil {
					return err
				}
				if known.Token.UsedAt != nil {
					successors[i] = string(known.Successor.Hash)
					return nil
				}
				successors[i] = string(next.Hash)
				return r.Sessions.Rotate(ctx, known.Principal.Session, salt, next)
			})
		})
		wantCounts(t, errs, map[error]int{nil: crowd})
		wantSame(t, slices.Compact(successors), []string{string(s.refresh(t, token.Hash).Successor.Hash)})
	},
	"who looks a refresh token up waits for who did before": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		_, token := s.logInWith(t, ada)
		second := make(chan models.Refresh, 1)
		failed := make(chan error, 1)
		s.Do(t, func(ctx context.Context, r repositories.Set) error {
			first, err := r.Sessions.ByRefreshToken(ctx, token.Hash)
			if err != nil {
				return err
			}
			go func() {
				failed <- s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
					known, err := r.Sessions.ByRefreshToken(ctx, token.Hash)
					second <- known
					return err
				})
			}()
			select {
			case known := <-second:
				second <- known
				t.Error("two look a token up at once")
			case <-time.After(200 * time.Millisecond): // it waits, as far as one can tell
			}
			return r.Sessions.Rotate(ctx, first.Principal.Session, salt, successor(token, now))
		})
		noError(t, "the second", <-failed)
		if known := <-second; known.Token.UsedAt == nil {
			t.Error("the second does not see that the first has used the token")
		}
	},
	"a session that ends while it is refreshed leaves nothing": func(t *testing.T, s store) {
		ada := s.user(t, "Ada")
		for round := range 10 {
			login, token := s.logInWith(t, ada)
			errs := atOnce(4, func(i int) error {
				return s.Work.Do(t.Context(), func(ctx context.Context, r repositories.Set) error {
					switch {
					case i > 0:
						known, err := r.Sessions.ByRefreshToken(ctx, token.Hash)
						if err != nil {
							return err
						}
						if known.Token.UsedAt != nil {
							return nil
						}
						return r.Sessions.Rotate(ctx, known.Principal.Session, salt, successor(token, now))
					case round%2 == 0:
						return r.Sessions.Delete(ctx, login.ID)
					}
					return r.Sessions.DeleteOfUser(ctx, ada.ID, "")
				})
			})
			for _, err := range errs {
				if err != nil {
					wantError(t, "Do()", err, domain.ErrNotFound)
				}
			}
			wantLive(t, s, map[string]bool{login.ID: false})
			s.Do(t, func(ctx context.Context, r repositories.Set) error {
				wantError(t, fmt.Sprint("ByRefreshToken() in round ", round), errOf(r.Sessions.ByRefreshToken(ctx, token.Hash)), domain.ErrNotFound)
				return nil
			})
		}
	},
}

// salt is what used tokens of these tests keep.
var salt = []byte("0123456789abcdef0123456789abcdef")

// logInWith stores a session of the user and returns it with its refresh token.
func (s store) logInWith(t *testing.T, u models.User) (models.Session, models.RefreshToken) {
	t.Helper()
	login, token := session(u)
	s.Do(t, func(ctx context.Context, r repositories.Set) error { return r.Sessions.Create(ctx, login, token) })
	return login, token
}

// refresh returns what a refresh token stands for.
func (s store) refresh(t *testing.T, hash []byte) (known models.Refresh) {
	t.Helper()
	s.Do(t, func(ctx context.Context, r repositories.Set) (err error) {
		known, err = r.Sessions.ByRefreshToken(ctx, hash)
		return err
	})
	return known
}

// rotate uses a refresh token and returns its successor.
func (s store) rotate(t *testing.T, token models.RefreshToken, at time.Time) models.RefreshToken {
	t.Helper()
	next := successor(token, at)
	s.Do(t, func(ctx context.Context, r repositories.Set) error {
		known, err := r.Sessions.ByRefreshToken(ctx, token.Hash)
		if err != nil {
			return err
		}
		return r.Sessions.Rotate(ctx, known.Principal.Session, salt, next)
	})
	next.CreatedAt = kept(at)
	return next
}

func successor(of models.RefreshToken, at time.Time) models.RefreshToken {
	hash := make([]byte, 32)
	rand.Read(hash)
	return models.RefreshToken{Hash: hash, SessionID: of.SessionID, Parent: of.Hash, CreatedAt: at}
}
