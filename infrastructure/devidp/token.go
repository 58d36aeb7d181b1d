package devidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
)

// verifierForm is RFC 7636 section 4.1.
var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// token is the token endpoint.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	g, f := p.redeem(w, r)
	if f != nil {
		p.tokenFault(w, *f)
		return
	}
	access := p.tokens.put("", g)
	answer, err := p.tokenResponse(g, access)
	if err != nil {
		p.tokenFault(w, fault{"server_error", "The id_token could not be signed."})
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *provider) redeem(w http.ResponseWriter, r *http.Request) (*grant, *fault) {
	form, err := readForm(w, r)
	switch {
	case err != nil:
		return nil, &fault{"invalid_request", "The body has to be a form."}
	case r.URL.RawQuery != "":
		return nil, &fault{"invalid_request", "Parameters belong in the body."}
	case len(form.repeated) > 0:
		return nil, &fault{"invalid_request", "A parameter came more than once."}
	case !p.authenticated(r, form):
		return nil, &fault{"invalid_client", "The client is unknown, or its secret is wrong or came in the wrong way."}
	case form.get("grant_type") == "":
		return nil, &fault{"invalid_request", "grant_type is missing."}
	case form.get("grant_type") != "authorization_code":
		return nil, &fault{"unsupported_grant_type", "grant_type has to be authorization_code."}
	case form.get("code") == "":
		return nil, &fault{"invalid_request", "code is missing."}
	}
	return p.use(form)
}

// use uses up a code, whatever comes of it. The second use also ends what the first one gave
// (RFC 6749 section 4.1.2).
func (p *provider) use(form params) (*grant, *fault) {
	g, ok := p.codes.get(form.get("code"))
	if !ok {
		return nil, &fault{"invalid_grant", "The code is unknown."}
	}
	if g.uses.Add(1) > 1 {
		g.revoked.Store(true)
		return nil, &fault{"invalid_grant", "The code was used before."}
	}
	switch {
	case !p.now().Before(g.at.Add(codeLifetime)):
		return nil, &fault{"invalid_grant", "The code is too old."}
	case form.get("redirect_uri") != p.client.RedirectURL:
		return nil, &fault{"invalid_grant", "The redirect_uri is not the one of the authorization request."}
	case !verifies(form.get("code_verifier"), g.challenge):
		return nil, &fault{"invalid_grant", "The code_verifier does not match the code_challenge."}
	}
	return g, nil
}

// verifies reports whether a challenge was made of this verifier.
func verifies(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return verifierForm.MatchString(verifier) && same(base64.RawURLEncoding.EncodeToString(sum[:]), challenge)
}

// authenticated reports whether the client has proved itself, in one way only.
func (p *provider) authenticated(r *http.Request, form params) bool {
	id, secret := form.get("client_id"), form.get("client_secret")
	if r.Header.Get("Authorization") != "" {
		user, password, ok := r.BasicAuth()
		if !ok || !p.basicAuth() || secret != "" {
			return false
		}
		user, errUser := url.QueryUnescape(user)
		password, errPassword := url.QueryUnescape(password)
		if errUser != nil || errPassword != nil || id != "" && id != user {
			return false
		}
		id, secret = user, password
	}
	return same(id, p.client.ClientID) && same(secret, p.client.ClientSecret) && secret != ""
}

// same compares in a time that tells nothing, not even of the lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// plainFault answers as RFC 6749 section 5.2 says.
func plainFault(w http.ResponseWriter, status int, f fault) {
	writeJSON(w, status, map[string]any{"error": f.code, "error_description": f.words})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller has gone, and nobody else would want to know
}
