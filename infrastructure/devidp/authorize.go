package devidp

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
)

// authorize is the authorization endpoint. Nothing is sent to an address before it is known to be
// the application's: until then faults are shown to the person (RFC 6749 section 4.1.2.1).
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	query, err := parseParams(r.URL.RawQuery)
	switch {
	case err != nil:
		p.page.fault(w, p, http.StatusBadRequest, "The application sent a request that cannot be read: "+err.Error()+".")
	case query.repeats("client_id"), query.repeats("redirect_uri"):
		p.page.fault(w, p, http.StatusBadRequest, "The application sent client_id or redirect_uri more than once.")
	case query.get("client_id") != p.client.ClientID:
		p.page.fault(w, p, http.StatusBadRequest, "No application is registered under this client_id.")
	case query.get("redirect_uri") != p.client.RedirectURL:
		p.page.fault(w, p, http.StatusBadRequest, "The redirect_uri is not the registered one. It has to be the same to the letter.")
	default:
		p.ask(w, r, query)
	}
}

// ask shows the consent page for a request whose redirect address is known to be good.
func (p *provider) ask(w http.ResponseWriter, r *http.Request, query params) {
	q, f := p.read(query)
	if f != nil {
		p.sendBack(w, r, q.state, url.Values{"error": {f.code}, "error_description": {f.words}})
		return
	}
	p.page.consent(w, p, q, p.requests.put("", q), typed{}, "")
}

func (p *provider) read(query params) (request, *fault) {
	q := request{state: query.get("state"), nonce: query.get("nonce"), challenge: query.get("code_challenge")}
	var known bool
	q.scopes, known = p.scopes(query.get("scope"))
	mode := query.get("response_mode")
	switch {
	case len(query.repeated) > 0:
		return q, &fault{"invalid_request", "A parameter came more than once."}
	case query.get("response_type") == "":
		return q, &fault{"invalid_request", "response_type is missing."}
	case query.get("response_type") != "code":
		return q, &fault{"unsupported_response_type", "response_type has to be code."}
	case mode != "" && mode != "query":
		return q, &fault{"invalid_request", "response_mode has to be query."}
	case q.state == "":
		return q, &fault{"invalid_request", "state is missing."}
	case q.challenge == "":
		return q, &fault{"invalid_request", "code_challenge is missing: PKCE is required."}
	case query.get("code_challenge_method") != "S256":
		return q, &fault{"invalid_request", "code_challenge_method has to be S256."}
	case !isChallenge(q.challenge):
		return q, &fault{"invalid_request", "code_challenge is not a base64url SHA-256 hash."}
	case !known:
		return q, &fault{"invalid_scope", "The scope is missing or holds what this provider does not give."}
	case q.nonce == "" && slices.Contains(q.scopes, "openid"):
		return q, &fault{"invalid_request", "nonce is missing."}
	case query.get("prompt") == "none":
		return q, &fault{"interaction_required", "Somebody has to choose a person."}
	}
	return q, p.check(query, &q)
}

// isChallenge reports whether text is the hash of a PKCE verifier (RFC 7636 section 4.2).
func isChallenge(text string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(b) == sha256.Size
}

// sendBack redirects to the application. 303 keeps browsers from sending the form along
// (RFC 9700 section 4.12).
func (p *provider) sendBack(w http.ResponseWriter, r *http.Request, state string, answer url.Values) {
	if state != "" {
		answer.Set("state", state)
	}
	fragment := p.redirect(answer)
	target, err := url.Parse(p.client.RedirectURL)
	if err != nil {
		p.page.fault(w, p, http.StatusInternalServerError, "The registered redirect address is no address.")
		return
	}
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += answer.Encode()
	target.Fragment = fragment
	secure(w.Header())
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}
