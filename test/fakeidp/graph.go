package fakeidp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// me is the Graph API of Facebook, and the userinfo endpoint of Google and LINE.
func (p *Provider) me(w http.ResponseWriter, r *http.Request) {
	grant, err := p.checkProfile(r)
	if err != nil {
		p.fault("profile request: %v", err)
		reply(w, http.StatusBadRequest, map[string]any{"error": map[string]any{"message": err.Error(), "type": "OAuthException", "code": 190}})
		return
	}
	if grant.answer.ProfileAnswer != nil {
		grant.answer.ProfileAnswer(w, r)
		return
	}
	a := grant.answer
	profile := map[string]any{"id": a.Subject, "name": a.Name}
	if p.Name != Facebook {
		profile = map[string]any{"sub": a.Subject, "name": a.Name}
	}
	if a.Email != "" && p.Name != LINE { // whose e-mails are in id_tokens alone
		profile["email"] = a.Email
	}
	if a.Verified != nil {
		profile["verified"], profile["email_verified"], profile["is_verified"] = a.Verified, a.Verified, a.Verified
	}
	if a.Picture != "" && p.Name != Facebook {
		profile["picture"] = a.Picture
	} else if a.Picture != "" {
		profile["picture"] = map[string]any{"data": map[string]any{"url": a.Picture, "is_silhouette": false, "height": 50, "width": 50}}
	}
	if a.Profile != nil {
		a.Profile(profile)
	}
	reply(w, http.StatusOK, profile)
}

// checkProfile returns what is wrong with a request for a profile.
func (p *Provider) checkProfile(r *http.Request) (*grant, error) {
	q := r.URL.Query()
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	accept := r.Header.Get("Accept")
	switch {
	case r.Method != http.MethodGet:
		return nil, errors.New("the method is " + r.Method)
	case q.Has("access_token") || q.Has("client_secret"):
		return nil, errors.New("there is a secret in the URL")
	case !bearer:
		return nil, errors.New("there is no access token in Authorization")
	case accept != "" && !strings.Contains(accept, "application/json") && !strings.Contains(accept, "*/*"):
		return nil, errors.New("JSON is not accepted")
	}
	if p.Name == Facebook {
		if err := p.checkGraph(q, token); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.tokens[token]
	if g == nil {
		return nil, errors.New("the access token is not one of ours")
	}
	return g, nil
}

// checkGraph returns what is wrong with what the Graph API alone asks for.
func (p *Provider) checkGraph(q url.Values, token string) error {
	mac := hmac.New(sha256.New, []byte(p.ClientSecret))
	mac.Write([]byte(token))
	proof := hex.EncodeToString(mac.Sum(nil))
	p.server.Secret("appsecret_proof", proof)
	if len(q["appsecret_proof"]) != 1 || q.Get("appsecret_proof") != proof {
		return errors.New("appsecret_proof is missing or wrong")
	}
	fields := strings.Split(q.Get("fields"), ",")
	for _, wanted := range []string{"id", "name", "email"} {
		if !slices.Contains(fields, wanted) {
			return errors.New("the fields lack " + wanted)
		}
	}
	return nil
}
