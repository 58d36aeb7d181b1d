package oauth

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// googleIssuers are the two forms of Google's name.
var googleIssuers = []string{"https://accounts.google.com", "accounts.google.com"}

// Google signs people in with Google. An e-mail address counts as proved where Google says that it is
// verified and is the authority for it. Its id_token has all there is to know. Where a UserinfoURL is
// set, another provider stands in, which may keep the address for that endpoint: it is asked when the
// id_token has none.
func Google(c Client, d Deps) services.IdentityProvider {
	c.AuthURL = or(c.AuthURL, "https://accounts.google.com/o/oauth2/v2/auth")
	c.TokenURL = or(c.TokenURL, "https://oauth2.googleapis.com/token")
	c.JWKSURL = or(c.JWKSURL, "https://www.googleapis.com/oauth2/v3/certs")
	issuers := googleIssuers
	if c.Issuer != "" && !slices.Contains(googleIssuers, c.Issuer) {
		issuers = []string{c.Issuer}
	}
	f, verified := newOIDC(models.ProviderGoogle, c, d, issuers, jwt.SigningMethodRS256.Alg())
	f.scopes = []string{"openid", "email", "profile"}
	f.whose = func(ctx context.Context, t tokens, nonce string) (models.ExternalIdentity, error) {
		claims, err := verified(ctx, t, nonce)
		if err != nil {
			return models.ExternalIdentity{}, err
		}
		who, err := claims.person()
		if err != nil {
			return models.ExternalIdentity{}, err
		}
		told := claims // an address and whether it is verified come from one place
		if claims.text("email") == "" && c.UserinfoURL != "" {
			if told, err = f.userinfo(ctx, t, who.Subject); err != nil {
				return models.ExternalIdentity{}, err
			}
		}
		who.Email = told.text("email")
		who.EmailVerified = told.isTrue("email_verified") && isGoogles(who.Email, claims.text("hd"))
		who.Name, who.Picture = or(who.Name, told.shown("name")), or(who.Picture, told.picture("picture"))
		return who, nil
	}
	return f
}

// isGoogles reports whether Google is the authority for an address: it is one of Gmail's, or the
// account is managed by an organisation (hd). Any other address may have passed to another owner since
// Google verified it (developers.google.com/identity/gsi/web/guides/verify-google-id-token).
func isGoogles(email, hostedDomain string) bool {
	_, domain, _ := strings.Cut(email, "@")
	return hostedDomain != "" || strings.EqualFold(domain, "gmail.com") || strings.EqualFold(domain, "googlemail.com")
}

var errOtherSubject = errors.New("userinfo call: the answer is about somebody else")

// userinfo asks what the provider tells of the subject beyond the id_token (OpenID Connect Core
// section 5.3).
func (f *flow) userinfo(ctx context.Context, t tokens, subject string) (object, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.client.UserinfoURL, nil)
	if err != nil {
		return nil, errBadURL
	}
	request.Header.Set("Authorization", "Bearer "+t.Access)
	person, err := f.calls.object(request, callUserinfo)
	if err != nil {
		return nil, err
	}
	if person.text("sub") != subject {
		return nil, errOtherSubject
	}
	return person, nil
}
