package devidp

import (
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// facebook speaks Facebook Login for the web and as much of the Graph API as it needs.
type facebook struct {
	*provider

	picture string
}

var facebookScopes = []scope{
	{name: "public_profile", words: "your name and picture"},
	{name: "email", words: "your e-mail address, if you have one"},
}

// graphVersion is the segment of an address that names a version of the API.
var graphVersion = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]{1,2}$`)

func (*facebook) title() string             { return "Facebook" }
func (*facebook) lifetime() time.Duration   { return 60 * 24 * time.Hour }
func (*facebook) words(scope string) string { return wordsOf(scope, facebookScopes) }
func (*facebook) codePrefix() string        { return "AQ" }
func (*facebook) basicAuth() bool           { return false }
func (*facebook) tellsVerified() bool       { return false }

func (*facebook) check(params, *request) *fault { return nil }

func (f *facebook) mount(mux *http.ServeMux) {
	for route, handle := range map[string]http.HandlerFunc{
		"GET /facebook%s/dialog/oauth":        f.authorize,
		"POST /facebook%s/oauth/access_token": f.token,
		"GET /facebook%s/me":                  f.me,
	} {
		mux.HandleFunc(strings.Replace(route, "%s", "", 1), handle)
		mux.HandleFunc(strings.Replace(route, "%s", "/{version}", 1), func(w http.ResponseWriter, r *http.Request) {
			if !graphVersion.MatchString(r.PathValue("version")) {
				http.NotFound(w, r)
				return
			}
			handle(w, r)
		})
	}
}

// scopes takes commas too, and gives the public profile whether asked for or not.
func (*facebook) scopes(asked string) ([]string, bool) {
	names := strings.FieldsFunc(asked, func(r rune) bool { return r == ',' || r == ' ' })
	return scopesOf(append(names, "public_profile"), facebookScopes)
}

// redirect adds what Facebook says of a denial, and the fragment that it puts on every address.
func (*facebook) redirect(answer url.Values) string {
	if answer.Get("error") == "access_denied" {
		answer.Set("error_reason", "user_denied")
		answer.Set("error_code", "200")
		answer.Set("error_description", "Permissions error")
	}
	return "_=_"
}

// subject returns 16 digits.
func (*facebook) subject(of person) string {
	digest := of.digest("facebook")
	n := new(big.Int).SetBytes(digest[:])
	return "1" + leftPad(n.Mod(n, big.NewInt(1e15)).String(), 15)
}

func (f *facebook) tokenResponse(_ *grant, access string) (map[string]any, error) {
	return map[string]any{"access_token": access, "token_type": "bearer", "expires_in": int(f.lifetime().Seconds())}, nil
}

// tokenFault answers in Graph's way, which knows no RFC 6749.
func (*facebook) tokenFault(w http.ResponseWriter, f fault) {
	g := graphFault{Message: f.words, Type: "OAuthException", Code: 100}
	switch f.code {
	case "invalid_client":
		g.Message, g.Code = "Error validating client secret.", 1
	case "invalid_grant":
		g.Subcode = 36009
	}
	g.write(w, http.StatusBadRequest)
}

// me is the node of the person whose token it is.
func (f *facebook) me(w http.ResponseWriter, r *http.Request) {
	query, err := parseParams(r.URL.RawQuery)
	if err != nil || len(query.repeated) > 0 {
		graphFault{Message: "(#100) The parameters cannot be read", Type: "OAuthException", Code: 100}.write(w, http.StatusBadRequest)
		return
	}
	of, fault := f.caller(r, query)
	if fault != nil {
		fault.write(w, http.StatusBadRequest)
		return
	}
	answer := map[string]any{}
	for _, field := range append(graphFields(query.get("fields")), "id") {
		if !f.tell(answer, field, of) {
			graphFault{Message: "(#100) Tried accessing nonexisting field on node type (User)", Type: "OAuthException", Code: 100}.write(w, http.StatusBadRequest)
			return
		}
	}
	writeJSON(w, http.StatusOK, answer)
}

// caller returns whose token it is, if the application proves that it knows its secret too.
func (f *facebook) caller(r *http.Request, query params) (*grant, *graphFault) {
	token := bearerToken(r)
	if inQuery := query.get("access_token"); token == "" {
		token = inQuery
	} else if inQuery != "" && inQuery != token {
		return nil, &graphFault{Message: "Two different access tokens.", Type: "OAuthException", Code: 190}
	}
	of, ok := f.bearer(token)
	proof := query.get("appsecret_proof")
	switch {
	case token == "":
		return nil, &graphFault{Message: "An active access token must be used to query information about the current user.", Type: "OAuthException", Code: 2500}
	case !ok:
		return nil, &graphFault{Message: "Invalid OAuth access token - Cannot parse access token", Type: "OAuthException", Code: 190}
	case proof == "":
		return nil, &graphFault{Message: "API calls from the server require an appsecret_proof argument", Type: "GraphMethodException", Code: 100}
	case !same(proof, appSecretProof(token, f.client.ClientSecret)):
		return nil, &graphFault{Message: "Invalid appsecret_proof provided in the API argument", Type: "GraphMethodException", Code: 100}
	}
	return of, nil
}

// tell puts a field of the person into an answer, or reports that there is no such field. What
// the person lacks or did not agree to is left out without a word.
func (f *facebook) tell(answer map[string]any, field string, of *grant) bool {
	who := of.person
	switch field {
	case "id":
		answer["id"] = f.subject(who)
	case "name":
		answer["name"] = who.name
	case "first_name":
		answer["first_name"] = who.given()
	case "last_name":
		if who.family() != "" {
			answer["last_name"] = who.family()
		}
	case "email":
		if of.email() != "" {
			answer["email"] = of.email()
		}
	case "picture":
		answer["picture"] = map[string]any{"data": map[string]any{"height": 50, "is_silhouette": !who.picture, "url": f.picture, "width": 50}}
	default:
		return false
	}
	return true
}
