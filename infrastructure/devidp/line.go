package devidp

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// line speaks LINE Login v2.1.
type line struct {
	*provider

	issuer  string
	picture string
	key     ecKey
}

var lineScopes = []scope{
	{name: "openid", words: "who you are (a user ID)"},
	{name: "profile", words: "your display name and picture"},
	{name: "email", words: "your e-mail address, if you have one"},
}

func (*line) title() string              { return "LINE" }
func (*line) lifetime() time.Duration    { return 30 * 24 * time.Hour }
func (*line) words(scope string) string  { return wordsOf(scope, lineScopes) }
func (*line) redirect(url.Values) string { return "" }
func (*line) codePrefix() string         { return "" }
func (*line) basicAuth() bool            { return false }
func (*line) tellsVerified() bool        { return false }

func (l *line) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /line/authorize", l.authorize)
	mux.HandleFunc("POST /line/token", l.token)
	mux.HandleFunc("GET /line/certs", l.certs)
	mux.HandleFunc("GET /line/profile", l.profile)
}

// scopes needs openid for the e-mail address, as LINE does: it is in the id_token only.
func (*line) scopes(asked string) ([]string, bool) {
	found, ok := scopesOf(strings.Fields(asked), lineScopes)
	return found, ok && (slices.Contains(found, "openid") || slices.Equal(found, []string{"profile"}))
}

// check notes that a refresh token always comes.
func (*line) check(_ params, q *request) *fault {
	q.offline = true
	return nil
}

func (*line) subject(of person) string {
	digest := of.digest("line")
	return "U" + hex.EncodeToString(digest[:16])
}

func (l *line) tokenResponse(of *grant, access string) (map[string]any, error) {
	// email is never named among the scopes, given or not.
	named := slices.DeleteFunc(slices.Clone(of.scopes), func(s string) bool { return s == "email" })
	answer := map[string]any{
		"access_token": access, "expires_in": int(l.lifetime().Seconds()), "refresh_token": newToken(),
		"scope": strings.Join(named, " "), "token_type": "Bearer",
	}
	if !of.has("openid") {
		return answer, nil
	}
	claims := jwt.MapClaims{
		"iss": l.issuer, "sub": l.subject(of.person), "aud": l.client.ClientID, "nonce": of.nonce, "amr": []string{"linesso"},
		"iat": l.now().Unix(), "exp": l.now().Add(time.Hour).Unix(),
	}
	if of.has("profile") {
		claims["name"] = of.person.name
		if of.person.picture {
			claims["picture"] = l.picture
		}
	}
	if email := of.email(); email != "" {
		claims["email"] = email
	}
	var err error
	answer["id_token"], err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(l.client.ClientSecret))
	return answer, err
}

func (*line) tokenFault(w http.ResponseWriter, f fault) {
	if f.code == "server_error" {
		plainFault(w, http.StatusInternalServerError, f)
		return
	}
	plainFault(w, http.StatusBadRequest, f)
}

func (l *line) profile(w http.ResponseWriter, r *http.Request) {
	of, ok := l.bearer(bearerToken(r))
	switch {
	case !ok:
		plainFault(w, http.StatusUnauthorized, fault{"invalid_request", "invalid token"})
	case !of.has("profile"):
		writeJSON(w, http.StatusForbidden, map[string]any{"message": "The access token does not have the scope profile."})
	default:
		answer := map[string]any{"userId": l.subject(of.person), "displayName": of.person.name}
		if of.person.picture {
			answer["pictureUrl"] = l.picture
		}
		writeJSON(w, http.StatusOK, answer)
	}
}

// certs publishes the key for ES256, which LINE signs with for apps, not for web log-in.
func (l *line) certs(w http.ResponseWriter, _ *http.Request) {
	key, err := l.key()
	if err != nil {
		writeJWKS(w, nil, err)
		return
	}
	jwk, err := ecJWK(key)
	writeJWKS(w, jwk, err)
}
