package routes_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gofiber-auth/domain"
	"gofiber-auth/domain/models"
)

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for name, tc := range map[string]struct {
		body   string
		status int
		code   string
		fields []string
	}{
		"nothing":                  {`{}`, 422, "", []string{"email required", "username required", "password required"}},
		"all wrong at once":        {`{"email":"x","username":"-","password":"short"}`, 422, "", []string{"email format", "username too_short", "password too_short"}},
		"username with a space":    {`{"email":"a@example.com","username":"o kay","password":"` + goodPassword + `"}`, 422, "", []string{"username format"}},
		"username ends with a dot": {`{"email":"a@example.com","username":"okay.","password":"` + goodPassword + `"}`, 422, "", []string{"username format"}},
		"username too long":        {`{"email":"a@example.com","username":"` + strings.Repeat("u", 51) + `","password":"` + goodPassword + `"}`, 422, "", []string{"username too_long"}},
		"username not ASCII":       {`{"email":"a@example.com","username":"สมชาย","password":"` + goodPassword + `"}`, 422, "", []string{"username format"}},
		"password in other case":   {`{"email":"a@example.com","username":"okay","password":"PassWord123"}`, 422, "", []string{"password common_password"}},
		"password backwards":       {`{"email":"a@example.com","username":"okay","password":"87654321"}`, 422, "", []string{"password common_password"}},
		"password around zero":     {`{"email":"a@example.com","username":"okay","password":"7890123456"}`, 422, "", []string{"password common_password"}},
		"password of one letter":   {`{"email":"a@example.com","username":"okay","password":"zzzzzzzz"}`, 422, "", []string{"password common_password"}},
		"password repeats a word":  {`{"email":"a@example.com","username":"okay","password":"asdasdasd"}`, 422, "", []string{"password common_password"}},
		"password repeats digits":  {`{"email":"a@example.com","username":"okay","password":"1234512345"}`, 422, "", []string{"password common_password"}},
		"e-mail in quotes":         {`{"email":"\"a b\"@example.com","username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email format"}},
		"e-mail's local part long": {`{"email":"` + strings.Repeat("a", 65) + `@example.com","username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email format"}},
		"wrong types":              {`{"email":5,"username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email type"}},
		"no JSON":                  {`{"email":`, 400, "invalid_json", nil},
		"no object":                {`["email"]`, 400, "invalid_json", nil},
		"two objects":              {`{} {}`, 400, "invalid_json", nil},
		"not UTF-8":                {"{\"email\":\"\xff\"}", 400, "invalid_json", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := a.send(t, "POST", "/api/v1/auth/register", "", tc.body)
			if tc.fields != nil {
				got.wantFields(t, tc.fields...)
				return
			}
			got.want(t, tc.status, tc.code)
		})
	}
}

func TestAccessTokens(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	parts := strings.Split(ada.Token, ".")
	var claims map[string]any
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	if claims["exp"].(float64)-claims["iat"].(float64) != 900 || claims["jti"] == "" || claims["sid"] == "" {
		t.Errorf("claims = %v", claims)
	}

	forge := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		c := jwt.MapClaims{}
		for k, v := range claims {
			c[k] = v
		}
		if change != nil {
			change(c)
		}
		token, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	secret := []byte(jwtSecret)
	past := float64(a.clock.Now().Add(-time.Minute).Unix())
	other := a.register(t, "other")
	critical := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims))
	critical.Header["crit"], critical.Header["x"] = []string{"x"}, 1 // which no one knows
	signed, err := critical.SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ token, code string }{
		"a copy":                 {forge(jwt.SigningMethodHS256, secret, nil), ""},
		"other secret":           {forge(jwt.SigningMethodHS256, []byte("another secret of thirty-two bytes"), nil), "unauthorized"},
		"alg none":               {forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), "unauthorized"},
		"alg HS512":              {forge(jwt.SigningMethodHS512, secret, nil), "unauthorized"},
		"other issuer":           {forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["iss"] = "x" }), "unauthorized"},
		"other audience":         {forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["aud"] = "x" }), "unauthorized"},
		"no expiry":              {forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { delete(c, "exp") }), "unauthorized"},
		"no session":             {forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { delete(c, "sid") }), "unauthorized"},
		"someone else's session": {forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["sub"] = other.User.ID }), "unauthorized"},
		"critical header":        {signed, "unauthorized"},
		"no such session":        {forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["sid"] = other.User.ID }), "unauthorized"},
		"expired":                {forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["exp"] = past }), "token_expired"},
		"expired, other issuer":  {forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["exp"] = past; c["iss"] = "x" }), "unauthorized"},
		"expired, other secret": {forge(jwt.SigningMethodHS256, []byte("another secret of thirty-two bytes"),
			func(c jwt.MapClaims) { c["exp"] = past }), "unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := a.send(t, "GET", "/api/v1/users/me", tc.token, "")
			if tc.code == "" {
				got.want(t, 200, "")
				return
			}
			got.want(t, 401, tc.code)
			if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("WWW-Authenticate = %q", got.header.Get("WWW-Authenticate"))
			}
		})
	}
}

func TestTokensAndSessionsEndInTime(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	a.clock.pass(15*time.Minute - time.Second)
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 200, "")
	a.clock.pass(2 * time.Second)
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 401, "token_expired")
}

func TestChangesRefuse(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada, root := a.register(t, "ada"), a.admin(t, "rosa")
	for _, tc := range []struct{ method, path, token, body, fields string }{
		{"PATCH", "/me", ada.Token, `{"avatar":"javascript:alert(1)"}`, "avatar format"},
		{"PATCH", "/me", ada.Token, `{"avatar":"https://img.example.com/` + strings.Repeat("a", 2048) + `"}`, "avatar too_long"},
		{"PATCH", "/me", ada.Token, `{"currentPassword":null}`, "currentPassword not_null"},
		{"PATCH", "/me", ada.Token, `{"email":""}`, "email required"},
		{"PATCH", "/me", ada.Token, `{"email":"x","username":"y"}`, "email format, username too_short"},
		{"PATCH", "/me", ada.Token, `{"username":{"a":1}}`, "username type"},
		{"PUT", "/me/password", ada.Token, `{"currentPassword":"` + goodPassword + `"}`, "newPassword required"},
		{"POST", "", root.Token, `{"email":"x@example.com","username":"xavier","role":"king"}`, "role unknown_value"},
		{"POST", "", root.Token, `{"email":"x@example.com","username":"xavier","password":""}`, "password required"},
		{"PATCH", "/" + ada.User.ID, root.Token, `{"role":null}`, "role not_null"},
		{"PATCH", "/" + ada.User.ID, root.Token, `{"isActive":"yes"}`, "isActive type"},
	} {
		a.send(t, tc.method, "/api/v1/users"+tc.path, tc.token, tc.body).wantFields(t, tc.fields)
	}
	a.send(t, "POST", "/api/v1/users", root.Token, `{"email":"x@example.com","username":"xavier","password":null}`).want(t, 201, "")
}

// A user without a password proves itself by a log-in that has only just been.
func TestWithoutAPassword(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	a.store.Change(t, ada.User.ID, func(u *models.User) { u.PasswordHash = "" })
	a.clock.pass(10*time.Minute + time.Second)
	a.send(t, "PATCH", "/api/v1/users/me", ada.Token, `{"email":"new@example.com"}`).want(t, 403, "reauthentication_required")
	a.send(t, "PUT", "/api/v1/users/me/password", ada.Token, `{"newPassword":"a first good secret"}`).want(t, 403, "reauthentication_required")
	a.send(t, "DELETE", "/api/v1/users/me", ada.Token, "").want(t, 403, "reauthentication_required")
	a.clock.pass(-2 * time.Second)
	a.send(t, "PATCH", "/api/v1/users/me", ada.Token, `{"email":"new@example.com"}`).want(t, 200, "")
	a.send(t, "PUT", "/api/v1/users/me/password", ada.Token, `{"newPassword":"a first good secret"}`).want(t, 200, "").into(t, &ada)
	a.send(t, "DELETE", "/api/v1/users/me", ada.Token, "").want(t, 403, "wrong_password") // it has one now
	a.send(t, "DELETE", "/api/v1/users/me", ada.Token, `{"currentPassword":"a first good secret"}`).want(t, 204, "")
}

func TestOverload(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	a.hasher.broken = domain.ErrOverloaded.After(2500 * time.Millisecond)
	got := a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"`+goodPassword+`"}`).want(t, http.StatusServiceUnavailable, "overloaded")
	if got.header.Get("Retry-After") != "3" {
		t.Errorf("Retry-After = %q, want 3", got.header.Get("Retry-After"))
	}
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 200, "")
	a.hasher.broken = errors.New("an internal word")
	got = a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"x"}`).want(t, 500, "internal")
	if strings.Contains(string(got.body), "internal word") {
		t.Errorf("%s", got.body)
	}
}

func TestLastAdmin(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	root, ada := a.admin(t, "rosa"), a.admin(t, "ada")
	me := "/api/v1/users/" + root.User.ID
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"isActive":false}`).want(t, 200, "") // she does not count any more
	a.send(t, "PATCH", me, root.Token, `{"role":"user"}`).want(t, 409, "last_admin")
	a.send(t, "PATCH", me, root.Token, `{"isActive":false}`).want(t, 409, "last_admin")
	a.send(t, "DELETE", me, root.Token, currentPassword).want(t, 409, "last_admin")
	a.send(t, "PATCH", me, root.Token, `{"role":"admin","isActive":true,"displayName":"Root"}`).want(t, 200, "")
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"role":"user"}`).want(t, 200, "")
}
