package oauth

import (
	"context"
	"fmt"

	"gofiber-auth/domain/models"
)

// newOIDC returns the flow of a provider that sends an id_token, and what gets the claims out of
// it. The algorithms are those that the provider is known to sign with.
func newOIDC(name string, c Client, d Deps, issuers []string, algorithms ...string) (
	*flow, func(context.Context, tokens, string) (object, error),
) {
	d = d.withDefaults()
	f := newFlow(name, c, d)
	f.issuers, f.nonce = issuers, true
	load := func(ctx context.Context) ([]publicKey, error) { return f.calls.loadKeys(ctx, c.JWKSURL) }
	// Half the bound: when the provider hangs, there is time left to go on with the keys there are.
	keys := newKeySet(load, d.Now, d.bound/2)
	return f, newIDTokens(c, issuers, algorithms, keys, d.Now).verify
}

// person returns who the claims are about, without an e-mail address.
func (o object) person() (models.ExternalIdentity, error) {
	subject, err := o.subject("sub")
	if err != nil {
		return models.ExternalIdentity{}, fmt.Errorf("id_token: %w", err)
	}
	return models.ExternalIdentity{Subject: subject, Name: o.shown("name"), Picture: o.picture("picture")}, nil
}

// isTrue reports whether a member is true, or the text that some write for it.
func (o object) isTrue(name string) bool { return o[name] == true || o[name] == "true" }
