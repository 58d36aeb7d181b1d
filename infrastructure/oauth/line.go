package oauth

import (
	"context"

	"github.com/golang-jwt/jwt/v5"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// LINE signs people in with LINE Login v2.1, which often gives no e-mail address and never proof
// of one. It signs with the channel's secret after a log-in on the web, and with a key of its own
// after one in its app.
func LINE(c Client, d Deps) services.IdentityProvider {
	c.AuthURL = or(c.AuthURL, "https://access.line.me/oauth2/v2.1/authorize")
	c.TokenURL = or(c.TokenURL, "https://api.line.me/oauth2/v2.1/token")
	c.JWKSURL = or(c.JWKSURL, "https://api.line.me/oauth2/v2.1/certs")
	issuers := []string{or(c.Issuer, "https://access.line.me")}
	f, verified := newOIDC(models.ProviderLINE, c, d, issuers, jwt.SigningMethodHS256.Alg(), jwt.SigningMethodES256.Alg())
	f.scopes = []string{"openid", "profile", "email"}
	f.whose = func(ctx context.Context, t tokens, nonce string) (models.ExternalIdentity, error) {
		claims, err := verified(ctx, t, nonce)
		if err != nil {
			return models.ExternalIdentity{}, err
		}
		who, err := claims.person()
		who.Email = claims.text("email") // EmailVerified stays false, whatever is claimed
		return who, err
	}
	return f
}
