package devidp

import (
	"crypto/sha256"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// google speaks OpenID Connect as Google does.
type google struct {
	*provider

	issuer  string
	picture string
	key     rsaKey
}

const (
	googleEmail   = "https://www.googleapis.com/auth/userinfo.email"
	googleProfile = "https://www.googleapis.com/auth/userinfo.profile"
)

var googleScopes = []scope{
	{name: "openid", words: "who you are (an account number)"},
	{name: "profile", alias: googleProfile, words: "your name and picture"},
	{name: "email", alias: googleEmail, words: "your e-mail address, and whether it is verified"},
}

func (*google) title() string             { return "Google" }
func (*google) lifetime() time.Duration   { return time.Hour }
func (*google) words(scope string) string { return wordsOf(scope, googleScopes) }
func (*google) codePrefix() string        { return "4/0" } // the slash tests that callers escape
func (*google) basicAuth() bool           { return true }
func (*google) tellsVerified() bool       { return true }

func (g *google) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /google/authorize", g.authorize)
	mux.HandleFunc("POST /google/token", g.token)
	mux.HandleFunc("GET /google/userinfo", g.userinfo)
	mux.HandleFunc("GET /google/jwks", g.jwks)
}

func (*google) scopes(asked string) ([]string, bool) {
	found, ok := scopesOf(strings.Fields(asked), googleScopes)
	return found, ok && len(found) > 0
}

func (*google) check(p params, q *request) *fault {
	switch p.get("access_type") {
	case "", "online":
	case "offline":
		q.offline = true
	default:
		return &fault{"invalid_request", "access_type has to be online or offline."}
	}
	return nil
}

// redirect adds the issuer (RFC 9207), as Google does.
func (g *google) redirect(answer url.Values) string {
	answer.Set("iss", g.issuer)
	return ""
}

// subject returns 21 digits.
func (*google) subject(of person) string {
	digest := of.digest("google")
	n := new(big.Int).SetBytes(digest[:])
	twenty := new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil)
	return "1" + leftPad(n.Mod(n, twenty).String(), 20)
}

func (g *google) tokenResponse(of *grant, access string) (map[string]any, error) {
	answer := map[string]any{
		"access_token": access, "expires_in": int(g.lifetime().Seconds()), "scope": googleScope(of.scopes), "token_type": "Bearer",
	}
	if of.offline {
		answer["refresh_token"] = "1//0" + newToken()
	}
	if !of.has("openid") {
		return answer, nil
	}
	key, err := g.key()
	if err != nil {
		return nil, err
	}
	claims := jwt.MapClaims(g.profile(of))
	claims["iss"], claims["aud"], claims["azp"] = g.issuer, g.client.ClientID, g.client.ClientID
	claims["nonce"], claims["at_hash"] = of.nonce, accessHash(access)
	claims["iat"], claims["exp"] = g.now().Unix(), g.now().Add(time.Hour).Unix()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = rsaKeyID(key)
	answer["id_token"], err = token.SignedString(key)
	return answer, err
}

func (*google) tokenFault(w http.ResponseWriter, f fault) {
	switch f.code {
	case "invalid_client":
		plainFault(w, http.StatusUnauthorized, f)
	case "server_error":
		plainFault(w, http.StatusInternalServerError, f)
	default:
		plainFault(w, http.StatusBadRequest, f)
	}
}

// profile returns what Google tells of a person in an id_token and in its userinfo.
func (g *google) profile(of *grant) map[string]any {
	who := of.person
	claims := map[string]any{"sub": g.subject(who)}
	if email := of.email(); email != "" {
		claims["email"], claims["email_verified"] = email, who.verified
		if who.verified { // by an organisation that manages the account, so that the address counts as proved
			_, claims["hd"], _ = strings.Cut(email, "@")
		}
	}
	if of.has("profile") {
		claims["name"], claims["given_name"] = who.name, who.given()
		if family := who.family(); family != "" {
			claims["family_name"] = family
		}
		if who.picture {
			claims["picture"] = g.picture
		}
	}
	return claims
}

func (g *google) userinfo(w http.ResponseWriter, r *http.Request) {
	of, ok := g.bearer(bearerToken(r))
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer realm="https://accounts.google.com/", error="invalid_token"`)
		plainFault(w, http.StatusUnauthorized, fault{"invalid_request", "Invalid Credentials"})
		return
	}
	writeJSON(w, http.StatusOK, g.profile(of))
}

func (g *google) jwks(w http.ResponseWriter, _ *http.Request) {
	key, err := g.key()
	if err != nil {
		writeJWKS(w, nil, err)
		return
	}
	writeJWKS(w, rsaJWK(key), nil)
}

// googleScope returns scopes as Google's answer has them.
func googleScope(names []string) string {
	long := make([]string, 0, len(names))
	for _, name := range names {
		switch name {
		case "email":
			name = googleEmail
		case "profile":
			name = googleProfile
		}
		long = append(long, name)
	}
	return strings.Join(long, " ")
}

// accessHash is at_hash of OpenID Connect Core section 3.1.3.6.
func accessHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return base64URL(sum[:len(sum)/2])
}

func leftPad(digits string, width int) string {
	return strings.Repeat("0", width-len(digits)) + digits
}
