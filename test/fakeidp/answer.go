package fakeidp

import "net/http"

// Answer is what a provider says of a person, and how it goes wrong. The zero value of each
// field is a provider that works.
type Answer struct {
	Subject  string
	Email    string // empty: there is none
	Verified any    // what "email_verified" says; nil: nothing
	Name     string
	Picture  string

	// Denied is the error that the person is sent back with.
	Denied string
	// Forge changes the id_token before it is signed.
	Forge func(token *IDToken)
	// Token changes what the token endpoint answers.
	Token func(answer map[string]any)
	// TokenAnswer answers in place of the token endpoint.
	TokenAnswer http.HandlerFunc
	// Profile changes what Facebook's Graph answers, and the userinfo endpoints of the others.
	Profile func(profile map[string]any)
	// ProfileAnswer answers in place of these.
	ProfileAnswer http.HandlerFunc
}
