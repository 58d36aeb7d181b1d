package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/services"
)

// Facebook signs people in with Facebook, whose Graph API tells who they are. It may give no
// e-mail address and never proof of one. The version is that of the Graph API, such as v26.0.
func Facebook(c Client, graphVersion string, d Deps) services.IdentityProvider {
	graph := "https://graph.facebook.com/" + graphVersion
	c.AuthURL = or(c.AuthURL, "https://www.facebook.com/"+graphVersion+"/dialog/oauth")
	c.TokenURL = or(c.TokenURL, graph+"/oauth/access_token")
	c.UserinfoURL = or(c.UserinfoURL, graph+"/me")
	f := newFlow(models.ProviderFacebook, c, d.withDefaults())
	f.scopes = []string{"email,public_profile"} // Facebook's separator
	if c.Issuer != "" {
		f.issuers = []string{c.Issuer}
	}
	f.whose = f.graphUser
	return f
}

// graphUser asks the Graph API whose token it is. The token stands in no address, and a proof
// beside it shows that it is this client who has it.
func (f *flow) graphUser(ctx context.Context, t tokens, _ string) (models.ExternalIdentity, error) {
	address, err := url.Parse(f.client.UserinfoURL)
	if err != nil {
		return models.ExternalIdentity{}, errBadURL
	}
	query := address.Query()
	query.Set("fields", "id,name,email,picture")
	query.Set("appsecret_proof", appSecretProof(t.Access, f.client.Secret))
	address.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return models.ExternalIdentity{}, errBadURL
	}
	request.Header.Set("Authorization", "Bearer "+t.Access)
	user, err := f.calls.object(request, callUserinfo)
	if err != nil {
		return models.ExternalIdentity{}, err
	}
	subject, err := user.subject("id")
	if err != nil {
		return models.ExternalIdentity{}, fmt.Errorf("userinfo call: %w", err)
	}
	return models.ExternalIdentity{
		Subject: subject, Email: user.text("email"), Name: user.shown("name"),
		Picture: user.member("picture").member("data").picture("url"),
	}, nil
}

func appSecretProof(accessToken, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(accessToken))
	return hex.EncodeToString(mac.Sum(nil))
}

// member returns a member that is an object, else an empty one.
func (o object) member(name string) object {
	member, _ := o[name].(map[string]any)
	return member
}
