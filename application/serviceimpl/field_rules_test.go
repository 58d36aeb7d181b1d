package serviceimpl_test

import (
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

func TestReservedUsernames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register(t, "ada")
	for _, name := range []string{"admin", "Root", "s.u-p_port", "POSTMASTER"} {
		_, err := w.accounts.Register(t.Context(), dto.RegisterRequest{Email: "grace@example.com", Username: name, Password: password}, models.Client{})
		want(t, "registering "+name, err, domain.ErrValidation)
		_, err = w.accounts.Update(t.Context(), ada, dto.UpdateUserRequest{Username: dto.Some(name)})
		want(t, "a change to "+name, err, domain.ErrValidation)
	}
	if _, err := w.admin.Create(t.Context(), dto.CreateUserRequest{Email: "help@example.com", Username: "support"}); err != nil {
		t.Errorf("an admin makes the account support: %v", err)
	}
	w.register(t, "admin1") // a name that only begins so
}

func TestDisplayNamesHaveNoHiddenCharacters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.register(t, "ada")
	for _, hidden := range []string{"\u202e", "\u2066", "\u200b", "\u200d", "\u2060", "\ufeff", "\u061c", "\u00ad", "\u180e", "\x07"} {
		_, err := w.accounts.Update(t.Context(), ada, dto.UpdateUserRequest{DisplayName: dto.Some("Ad" + hidden + "a")})
		want(t, "a display name", err, domain.ErrValidation)
	}
	for _, shown := range []string{"Ada Lovelace", "เอดา", "عائشة", "艾达 🎩"} {
		_, err := w.accounts.Update(t.Context(), ada, dto.UpdateUserRequest{DisplayName: dto.Some(shown)})
		want(t, shown, err, nil)
	}
}

func TestTimesOfTokensAreWholeSecondsOfThePast(t *testing.T) {
	t.Parallel()
	sent := now().Unix()
	for name, times := range map[string]struct {
		claims jwt.MapClaims
		want   error
	}{
		"sound":         {jwt.MapClaims{"iat": sent, "exp": sent + 60}, nil},
		"skew":          {jwt.MapClaims{"iat": sent + 30, "exp": sent + 60}, nil},
		"exp as text":   {jwt.MapClaims{"iat": sent, "exp": "99999999999"}, domain.ErrUnauthorized},
		"exp in parts":  {jwt.MapClaims{"iat": sent, "exp": float64(sent) + 60.5}, domain.ErrUnauthorized},
		"no exp":        {jwt.MapClaims{"iat": sent, "exp": nil}, domain.ErrUnauthorized},
		"future":        {jwt.MapClaims{"iat": sent + 120, "exp": sent + 180}, domain.ErrUnauthorized},
		"past":          {jwt.MapClaims{"iat": sent - 120, "exp": sent - 60}, domain.ErrTokenExpired},
		"iat as a list": {jwt.MapClaims{"iat": []int64{sent}, "exp": sent + 60}, domain.ErrUnauthorized},
	} {
		for claim, value := range map[string]string{"iss": "auth", "aud": "auth", "sub": newID(), "sid": newID()} {
			times.claims[claim] = value
		}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, times.claims).SignedString([]byte("ssssssssssssssssssssssssssssssss"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = newTokens().Verify(token)
		want(t, name, err, times.want)
	}
}
