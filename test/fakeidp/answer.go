package fakeidp

import "net/http"

// Answer is what a provider says of a person, and how it fails. The zero value of each field is a
// provider that works.
type Answer struct {
	Subject  string
	Email    string // empty: none
	Verified any    // the claim email_verified; nil: absent
	Private  bool   // of Google: no organisation manages the account, so there is no hd
	Name     string
	Picture  string

	// Denied is the error of the redirect back.
	Denied string
	// Forge changes the id_token before it is signed.
	Forge func(token *IDToken)
	// Token changes the answer of the token endpoint.
	Token func(answer map[string]any)
	// TokenAnswer answers in place of the token endpoint.
	TokenAnswer http.HandlerFunc
	// Profile changes the answer of the Graph API, and of the userinfo endpoints.
	Profile func(profile map[string]any)
	// ProfileAnswer answers in place of these.
	ProfileAnswer http.HandlerFunc
}
