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

func TestRegister(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	var got auth
	a.send(t, "POST", "/api/v1/auth/register", "", `{"email":"Ada@Example.COM","username":"Ada.L","password":"`+goodPassword+`",
		"displayName":"Ada Lovelace","role":"admin","isActive":false,"emailVerified":true,"id":"me"}`).want(t, 201, "").into(t, &got)
	u := got.User
	if u.Email != "ada@example.com" || u.Username != "Ada.L" || *u.DisplayName != "Ada Lovelace" || u.LastLoginAt == nil {
		t.Errorf("user = %+v", u)
	}
	if u.Role != "user" || !u.IsActive || u.EmailVerified || u.ID == "me" {
		t.Errorf("fields that are not the client's were taken: %+v", u)
	}
	if got.TokenType != "Bearer" || got.ExpiresIn != 900 || got.RefreshExpiresIn != 720*3600 || len(got.RefreshToken) < 43 {
		t.Errorf("auth = %+v", got)
	}
	events := a.store.EventsOf(t, u.ID)
	if len(events) != 1 || events[0].Action != models.ActionCreated || events[0].Version != 1 || events[0].RequestID == "" {
		t.Errorf("events = %+v", events)
	}
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.register(t, "taken")
	thai := strings.Repeat("ก", 128)
	for name, tc := range map[string]struct {
		body   string
		status int
		code   string
		fields []string
	}{
		"nothing":                    {`{}`, 422, "", []string{"email required", "username required", "password required"}},
		"all wrong at once":          {`{"email":"x","username":"-","password":"short"}`, 422, "", []string{"email format", "username too_short", "password too_short"}},
		"taken e-mail, other case":   {`{"email":"TAKEN@example.com","username":"other","password":"` + goodPassword + `"}`, 409, "email_taken", nil},
		"taken username, other case": {`{"email":"o@example.com","username":"TAKEN","password":"` + goodPassword + `"}`, 409, "username_taken", nil},
		"e-mail without a dot":       {`{"email":"a@localhost","username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email format"}},
		"e-mail not ASCII":           {`{"email":"ä@example.com","username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email format"}},
		"e-mail too long":            {`{"email":"a@` + strings.Repeat("b", 250) + `.com","username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email too_long"}},
		"e-mail with a newline":      {`{"email":"a@example.com\n","username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email format"}},
		"username with a space":      {`{"email":"a@example.com","username":"o kay","password":"` + goodPassword + `"}`, 422, "", []string{"username format"}},
		"username ends with a dot":   {`{"email":"a@example.com","username":"okay.","password":"` + goodPassword + `"}`, 422, "", []string{"username format"}},
		"username too long":          {`{"email":"a@example.com","username":"` + strings.Repeat("u", 51) + `","password":"` + goodPassword + `"}`, 422, "", []string{"username too_long"}},
		"username not ASCII":         {`{"email":"a@example.com","username":"สมชาย","password":"` + goodPassword + `"}`, 422, "", []string{"username format"}},
		"password of 7":              {`{"email":"a@example.com","username":"okay","password":"7 chars"}`, 422, "", []string{"password too_short"}},
		"password of 129":            {`{"email":"a@example.com","username":"okay","password":"` + thai + `ข"}`, 422, "", []string{"password too_long"}},
		"password with NUL":          {`{"email":"a@example.com","username":"okay","password":"correct\u0000horse"}`, 422, "", []string{"password format"}},
		"password everybody has":     {`{"email":"a@example.com","username":"okay","password":"password123"}`, 422, "", []string{"password common_password"}},
		"password in other case":     {`{"email":"a@example.com","username":"okay","password":"PassWord123"}`, 422, "", []string{"password common_password"}},
		"password backwards":         {`{"email":"a@example.com","username":"okay","password":"87654321"}`, 422, "", []string{"password common_password"}},
		"password around zero":       {`{"email":"a@example.com","username":"okay","password":"7890123456"}`, 422, "", []string{"password common_password"}},
		"password of one letter":     {`{"email":"a@example.com","username":"okay","password":"zzzzzzzz"}`, 422, "", []string{"password common_password"}},
		"password repeats a word":    {`{"email":"a@example.com","username":"okay","password":"asdasdasd"}`, 422, "", []string{"password common_password"}},
		"password repeats digits":    {`{"email":"a@example.com","username":"okay","password":"1234512345"}`, 422, "", []string{"password common_password"}},
		"e-mail in quotes":           {`{"email":"\"a b\"@example.com","username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email format"}},
		"e-mail's local part long":   {`{"email":"` + strings.Repeat("a", 65) + `@example.com","username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email format"}},
		"password with the name":     {`{"email":"a@example.com","username":"okay","password":"my-OKAY-secret"}`, 422, "", []string{"password contains_identity"}},
		"password with the e-mail":   {`{"email":"grace@example.com","username":"okay","password":"iAmGrace1906"}`, 422, "", []string{"password contains_identity"}},
		"wrong types":                {`{"email":5,"username":"okay","password":"` + goodPassword + `"}`, 422, "", []string{"email type"}},
		"display name empty":         {`{"email":"a@example.com","username":"okay","password":"` + goodPassword + `","displayName":""}`, 422, "", []string{"displayName too_short"}},
		"display name too long":      {`{"email":"a@example.com","username":"okay","password":"` + goodPassword + `","displayName":"` + strings.Repeat("ก", 101) + `"}`, 422, "", []string{"displayName too_long"}},
		"no JSON":                    {`{"email":`, 400, "invalid_json", nil},
		"no object":                  {`["email"]`, 400, "invalid_json", nil},
		"two objects":                {`{} {}`, 400, "invalid_json", nil},
		"not UTF-8":                  {"{\"email\":\"\xff\"}", 400, "invalid_json", nil},
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

// Unknown users, wrong passwords and users without one are told apart by nothing: the same
// answer after the same work.
func TestLoginTellsNothing(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.register(t, "ada")
	root := a.admin(t, "rosa")
	a.send(t, "POST", "/api/v1/users", root.Token, `{"email":"nopass@example.com","username":"nopass"}`).want(t, 201, "")
	var first string
	for _, body := range []string{
		`{"email":"nobody@example.com","password":"` + goodPassword + `"}`,
		`{"username":"nobody","password":"` + goodPassword + `"}`,
		`{"email":"no address\u0000at all","password":"` + goodPassword + `"}`,
		`{"email":"ada@example.com","password":"wrong"}`,
		`{"email":"nopass@example.com","password":"` + goodPassword + `"}`,
	} {
		before := a.hasher.count
		got := a.send(t, "POST", "/api/v1/auth/login", "", body, "X-Request-ID", "same").want(t, 401, "invalid_credentials")
		if first == "" {
			first = string(got.body)
		}
		if string(got.body) != first {
			t.Errorf("%s answers %s, others %s", body, got.body, first)
		}
		if hashed := a.hasher.count - before; hashed != 1 {
			t.Errorf("%s hashed %d times, want once", body, hashed)
		}
	}
}

func TestDisabledIsToldAfterTheRightPasswordOnly(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada, root := a.register(t, "ada"), a.admin(t, "rosa")
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"isActive":false}`).want(t, 200, "")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":"wrong"}`).want(t, 401, "invalid_credentials")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"email":"ada@example.com","password":"`+goodPassword+`"}`).want(t, 403, "account_disabled")
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 401, "unauthorized")
	a.send(t, "PATCH", "/api/v1/users/"+ada.User.ID, root.Token, `{"isActive":true}`).want(t, 200, "")
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 401, "unauthorized") // that session has ended
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
	for claim, want := range map[string]any{
		"iss": "gofiber-auth", "aud": "gofiber-auth", "sub": ada.User.ID, "email": "ada@example.com", "username": "ada", "role": "user",
	} {
		if claims[claim] != want {
			t.Errorf("claim %s = %v, want %v", claim, claims[claim], want)
		}
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
	for name, tc := range map[string]struct{ header, code string }{
		"a copy":                 {"Bearer " + forge(jwt.SigningMethodHS256, secret, nil), ""},
		"scheme in small":        {"bearer " + ada.Token, ""},
		"none":                   {"", "unauthorized"},
		"no scheme":              {ada.Token, "unauthorized"},
		"another scheme":         {"Basic " + ada.Token, "unauthorized"},
		"no token":               {"Bearer ", "unauthorized"},
		"garbage":                {"Bearer a.b.c", "unauthorized"},
		"cut signature":          {"Bearer " + ada.Token[:len(ada.Token)-2], "unauthorized"},
		"other signature":        {"Bearer " + parts[0] + "." + parts[1] + "." + strings.Split(other.Token, ".")[2], "unauthorized"},
		"other secret":           {"Bearer " + forge(jwt.SigningMethodHS256, []byte("another secret of thirty-two bytes"), nil), "unauthorized"},
		"alg none":               {"Bearer " + forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), "unauthorized"},
		"alg HS512":              {"Bearer " + forge(jwt.SigningMethodHS512, secret, nil), "unauthorized"},
		"other issuer":           {"Bearer " + forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["iss"] = "x" }), "unauthorized"},
		"other audience":         {"Bearer " + forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["aud"] = "x" }), "unauthorized"},
		"no expiry":              {"Bearer " + forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { delete(c, "exp") }), "unauthorized"},
		"no session":             {"Bearer " + forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { delete(c, "sid") }), "unauthorized"},
		"someone else's session": {"Bearer " + forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["sub"] = other.User.ID }), "unauthorized"},
		"critical header":        {"Bearer " + critical(t, claims, secret), "unauthorized"},
		"no such session":        {"Bearer " + forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["sid"] = other.User.ID }), "unauthorized"},
		"expired":                {"Bearer " + forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["exp"] = past }), "token_expired"},
		"expired, other issuer":  {"Bearer " + forge(jwt.SigningMethodHS256, secret, func(c jwt.MapClaims) { c["exp"] = past; c["iss"] = "x" }), "unauthorized"},
		"expired, other secret": {"Bearer " + forge(jwt.SigningMethodHS256, []byte("another secret of thirty-two bytes"),
			func(c jwt.MapClaims) { c["exp"] = past }), "unauthorized"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var headers []string
			if tc.header != "" {
				headers = []string{"Authorization", tc.header}
			}
			got := a.send(t, "GET", "/api/v1/users/me", "", "", headers...)
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

// critical returns a token whose header demands something that nobody knows.
func critical(t *testing.T, claims map[string]any, secret []byte) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(claims))
	token.Header["crit"] = []string{"x"}
	token.Header["x"] = 1
	signed, err := token.SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return signed
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

func TestPatchMe(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body   string
		status int
		code   string
		fields []string
		event  bool
		check  func(user) bool
	}{
		"nothing":               {body: `{}`, status: 200},
		"unknown fields":        {body: `{"role":"admin","isActive":false,"emailVerified":true,"id":"x"}`, status: 200, check: func(u user) bool { return u.Role == "user" && u.IsActive }},
		"username":              {body: `{"username":"countess"}`, status: 200, event: true, check: func(u user) bool { return u.Username == "countess" }},
		"username, other case":  {body: `{"username":"ADA"}`, status: 200, event: true, check: func(u user) bool { return u.Username == "ADA" }},
		"same username":         {body: `{"username":"ada"}`, status: 200},
		"same e-mail":           {body: `{"email":"ADA@Example.com"}`, status: 200},
		"e-mail with proof":     {body: `{"email":"New@example.com","currentPassword":"` + goodPassword + `"}`, status: 200, event: true, check: func(u user) bool { return u.Email == "new@example.com" && !u.EmailVerified }},
		"e-mail without proof":  {body: `{"email":"new@example.com"}`, status: 403, code: "wrong_password"},
		"e-mail, wrong proof":   {body: `{"email":"new@example.com","currentPassword":"wrong"}`, status: 403, code: "wrong_password"},
		"taken e-mail":          {body: `{"email":"GRACE@example.com","currentPassword":"` + goodPassword + `"}`, status: 409, code: "email_taken"},
		"taken username":        {body: `{"username":"Grace"}`, status: 409, code: "username_taken"},
		"both at once":          {body: `{"email":"n@example.com","username":"newname","currentPassword":"` + goodPassword + `"}`, status: 200, event: true},
		"display name":          {body: `{"displayName":"Ada L."}`, status: 200, check: func(u user) bool { return *u.DisplayName == "Ada L." }},
		"display name null":     {body: `{"displayName":null}`, status: 200, check: func(u user) bool { return u.DisplayName == nil }},
		"avatar":                {body: `{"avatar":"https://img.example.com/a.png"}`, status: 200, check: func(u user) bool { return *u.Avatar == "https://img.example.com/a.png" }},
		"avatar by http":        {body: `{"avatar":"http://img.example.com/a.png"}`, fields: []string{"avatar format"}},
		"avatar by javascript":  {body: `{"avatar":"javascript:alert(1)"}`, fields: []string{"avatar format"}},
		"avatar too long":       {body: `{"avatar":"https://img.example.com/` + strings.Repeat("a", 2048) + `"}`, fields: []string{"avatar too_long"}},
		"e-mail null":           {body: `{"email":null}`, fields: []string{"email not_null"}},
		"username null":         {body: `{"username":null}`, fields: []string{"username not_null"}},
		"current password null": {body: `{"currentPassword":null}`, fields: []string{"currentPassword not_null"}},
		"e-mail empty":          {body: `{"email":""}`, fields: []string{"email required"}},
		"several faults":        {body: `{"email":"x","username":"y"}`, fields: []string{"email format", "username too_short"}},
		"wrong type":            {body: `{"username":{"a":1}}`, fields: []string{"username type"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAPI(t)
			a.register(t, "grace")
			ada := a.register(t, "ada")
			a.clock.pass(time.Minute)
			got := a.send(t, "PATCH", "/api/v1/users/me", ada.Token, tc.body)
			wantEvents := 1
			if tc.event {
				wantEvents = 2
			}
			events := a.store.EventsOf(t, ada.User.ID)
			if len(events) != wantEvents {
				t.Errorf("%d events, want %d", len(events), wantEvents)
			}
			if tc.fields != nil {
				got.wantFields(t, tc.fields...)
				return
			}
			got.want(t, tc.status, tc.code)
			if tc.status != 200 {
				return
			}
			var u, again user
			got.into(t, &u)
			a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 200, "").into(t, &again)
			if tc.check != nil && (!tc.check(u) || !tc.check(again)) {
				t.Errorf("user = %+v", u)
			}
			if tc.event {
				last := events[1]
				if last.Action != models.ActionUpdated || last.Version != 2 || last.Email != u.Email || last.Username != u.Username {
					t.Errorf("event = %+v", last)
				}
			}
		})
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	var elsewhere auth
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"`+goodPassword+`"}`).into(t, &elsewhere)
	put := func(body string) answer { return a.send(t, "PUT", "/api/v1/users/me/password", ada.Token, body) }
	put(`{"newPassword":"another good secret"}`).want(t, 403, "wrong_password")
	put(`{"currentPassword":"wrong","newPassword":"another good secret"}`).want(t, 403, "wrong_password")
	put(`{"currentPassword":"`+goodPassword+`"}`).wantFields(t, "newPassword required")
	put(`{"currentPassword":"`+goodPassword+`","newPassword":"qwertyuiop"}`).wantFields(t, "newPassword common_password")
	a.send(t, "GET", "/api/v1/users/me", elsewhere.Token, "").want(t, 200, "")
	var changed auth
	put(`{"currentPassword":"`+goodPassword+`","newPassword":"another good secret"}`).want(t, 200, "").into(t, &changed)
	a.send(t, "GET", "/api/v1/users/me", changed.Token, "").want(t, 200, "")
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 401, "unauthorized")
	a.send(t, "GET", "/api/v1/users/me", elsewhere.Token, "").want(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"`+goodPassword+`"}`).want(t, 401, "invalid_credentials")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"another good secret"}`).want(t, 200, "")
	if events := a.store.EventsOf(t, ada.User.ID); len(events) != 1 {
		t.Errorf("%d events, want the created one alone", len(events))
	}
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

func TestDeleteMe(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	ada := a.register(t, "ada")
	a.send(t, "DELETE", "/api/v1/users/me", ada.Token, "").want(t, 403, "wrong_password")
	a.send(t, "DELETE", "/api/v1/users/me", ada.Token, `{"currentPassword":"wrong"}`).want(t, 403, "wrong_password")
	a.send(t, "DELETE", "/api/v1/users/me", ada.Token, `{"currentPassword":"`+goodPassword+`"}`).want(t, 204, "")
	a.send(t, "GET", "/api/v1/users/me", ada.Token, "").want(t, 401, "unauthorized")
	a.send(t, "POST", "/api/v1/auth/login", "", `{"username":"ada","password":"`+goodPassword+`"}`).want(t, 401, "invalid_credentials")
	events := a.store.EventsOf(t, ada.User.ID)
	if len(events) != 2 || events[1].Action != models.ActionDeleted || events[1].Version != 2 || events[1].Email != "ada@example.com" {
		t.Errorf("events = %+v", events)
	}
	if again := a.register(t, "ada"); again.User.ID == ada.User.ID {
		t.Error("the new account has the old one's id")
	}
	root := a.admin(t, "rosa")
	a.send(t, "DELETE", "/api/v1/users/me", root.Token, `{"currentPassword":"`+goodPassword+`"}`).want(t, 409, "last_admin")
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
