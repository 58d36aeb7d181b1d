package fakeidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// errUnknownCode is no fault of the client: a stranger can send it any code.
var errUnknownCode = errors.New("the code is not one of ours")

var codeVerifier = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// token is the token endpoint.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	grant, err := p.redeem(r)
	if err != nil {
		if !errors.Is(err, errUnknownCode) {
			p.fault("token request: %v", err)
		}
		reply(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": err.Error()})
		return
	}
	if grant.answer.TokenAnswer != nil {
		grant.answer.TokenAnswer(w, r)
		return
	}
	access := p.server.secret("access token of the provider")
	p.mu.Lock()
	p.tokens[access] = grant
	p.mu.Unlock()
	answer := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 3599}
	switch p.Name {
	case Facebook:
		answer["token_type"] = "bearer"
	default:
		answer["scope"] = strings.Join(scopes[p.Name], " ")
		answer["refresh_token"] = p.server.secret("refresh token of the provider")
		answer["id_token"] = p.idToken(grant, access)
		if compact, ok := answer["id_token"].(string); ok {
			p.server.Secret("id_token", compact)
		}
	}
	if grant.answer.Token != nil {
		grant.answer.Token(answer)
	}
	reply(w, http.StatusOK, answer)
}

// redeem returns the grant of a token request, or what is wrong with the request.
func (p *Provider) redeem(r *http.Request) (*grant, error) {
	if err := checkForm(r); err != nil {
		return nil, err
	}
	form := r.PostForm
	for name, values := range form {
		if len(values) != 1 {
			return nil, errors.New(name + " comes more than once")
		}
	}
	if err := p.authenticate(r, form); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.codes[form.Get("code")]
	switch {
	case form.Get("grant_type") != "authorization_code":
		return nil, errors.New("grant_type is not authorization_code")
	case g == nil:
		return nil, errUnknownCode
	case g.used:
		return nil, errors.New("the code has been used before")
	case form.Get("redirect_uri") != p.RedirectURL:
		return nil, errors.New("redirect_uri is not that of the authorization request")
	case !codeVerifier.MatchString(form.Get("code_verifier")):
		return nil, errors.New("there is no code_verifier")
	}
	g.used = true
	p.server.Secret("code_verifier", form.Get("code_verifier"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		return nil, errors.New("code_verifier is not that of the code_challenge")
	}
	return g, nil
}

// checkForm returns what is wrong with a request that must be a form.
func checkForm(r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	accept := r.Header.Get("Accept")
	switch {
	case r.Method != http.MethodPost:
		return errors.New("the method is " + r.Method)
	case r.URL.RawQuery != "":
		return errors.New("there is a query in the URL")
	case err != nil || kind != "application/x-www-form-urlencoded":
		return errors.New("the body is no form")
	case accept != "" && !strings.Contains(accept, "application/json") && !strings.Contains(accept, "*/*"):
		return errors.New("JSON is not accepted")
	}
	return r.ParseForm()
}

// authenticate returns what is wrong with the client's credentials. They belong in the body; Google
// takes Basic, too, but not both.
func (p *Provider) authenticate(r *http.Request, form url.Values) error {
	id, secret, basic := r.BasicAuth()
	switch {
	case r.Header.Get("Authorization") == "":
		id, secret = form.Get("client_id"), form.Get("client_secret")
	case p.Name != Google:
		return errors.New("the credentials do not belong into Authorization")
	case !basic || form.Has("client_secret"):
		return errors.New("the credentials come twice, or not by Basic")
	}
	if id != p.ClientID || subtle.ConstantTimeCompare([]byte(secret), []byte(p.ClientSecret)) != 1 {
		return errors.New("the credentials are wrong")
	}
	return nil
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails when the client has gone
}
