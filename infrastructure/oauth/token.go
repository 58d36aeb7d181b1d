package oauth

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"gofiber-auth/domain/models"
)

// longestLife is how long a token may say that it lives.
const longestLife = 10 * 365 * 24 * time.Hour

// tokens is what a provider gave for a code.
type tokens struct {
	models.ProviderTokens

	id string // the id_token, not verified; empty where there is none
}

var (
	errNoAccessToken = errors.New("token call: the answer has no access_token")
	errNotBearer     = errors.New("token call: the token is not a bearer token")
)

// redeem exchanges the code (RFC 6749 section 4.1.3). The client authenticates in the body,
// which each of the three providers takes, and nothing is probed. The exchange of x/oauth2 is not
// used: it takes forms for answers, goes by their content type, and prints them in its errors.
func (f *flow) redeem(ctx context.Context, code, verifier string) (tokens, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {f.client.RedirectURL},
		"client_id": {f.client.ID}, "client_secret": {f.client.Secret}, "code_verifier": {verifier},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.client.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return tokens{}, errBadURL
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := f.calls.object(request, callToken)
	if err != nil {
		return tokens{}, err
	}
	t := tokens{id: answer.text("id_token"), ProviderTokens: models.ProviderTokens{
		Access: answer.text("access_token"), Refresh: answer.text("refresh_token"),
		ExpiresAt: expiry(answer["expires_in"], f.now()),
	}}
	if t.Access == "" {
		return tokens{}, errNoAccessToken
	}
	if kind, told := answer["token_type"]; told {
		if name, _ := kind.(string); !strings.EqualFold(name, "bearer") {
			return tokens{}, errNotBearer
		}
	}
	return t, nil
}

// expiry returns when a token ends that lives for so many seconds, a number or its digits; nil
// where that is not said.
func expiry(lives any, now time.Time) *time.Time {
	seconds, isNumber := lives.(float64)
	if digits, isText := lives.(string); isText {
		parsed, err := strconv.ParseFloat(digits, 64)
		seconds, isNumber = parsed, err == nil
	}
	if !isNumber || math.IsNaN(seconds) || seconds <= 0 {
		return nil
	}
	at := now.UTC().Add(time.Duration(min(seconds, longestLife.Seconds()) * float64(time.Second)))
	return &at
}
