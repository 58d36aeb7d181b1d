package contract

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
	"gofiber-auth/test/client"
	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/redisserver"
)

// developmentEnv returns the environment of a developer who set nothing but ports and folders.
func developmentEnv(t *testing.T) map[string]string {
	t.Helper()
	env, all := map[string]string{}, harness.NewEnv(t)
	for _, name := range []string{"APP_PORT", "NATS_EMBEDDED_ADDR", "DATA_DIR", "PATH", "HOME"} {
		env[name] = all[name]
	}
	return env
}

// local starts a service in development and returns it as a browser of this machine finds it.
func local(t *testing.T, env map[string]string) *service {
	t.Helper()
	running := harness.StartService(t, env)
	return &service{running, client.New("http://localhost:" + env["APP_PORT"])}
}

// walk logs in from page to page, to the page of the demo, and exchanges the code.
func walk(t *testing.T, s *service, provider, person string) (answer, auth) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.Contains(r.URL.Path, "/dev/idp/") {
			return http.ErrUseLastResponse // the person looks at the page
		}
		return nil
	}}
	page := func(address string) *http.Response {
		res, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res
	}
	verifier := strings.Repeat(provider, 10)
	begun := page(s.Client.Base + "/api/v1/auth/" + provider + "?redirect=true&state=mine&code_challenge_method=S256&code_challenge=" + client.S256(verifier))
	back, err := devidptest.Answer(t.Context(), browser, begun.Header.Get("Location"), devidptest.As(person))
	if err != nil {
		t.Fatal(err)
	}
	demo := page(back)
	if q := demo.Request.URL.Query(); demo.StatusCode != 200 || demo.Request.URL.Path != "/auth/callback" || q.Get("state") != "mine" || q.Get("code") == "" {
		t.Fatalf("the log-in leads to %s: %s", demo.Request.URL, demo.Status)
	}
	return s.Exchange(t, demo.Request.URL.Query().Get("code"), verifier)
}

func TestOAuthWithoutSettings(t *testing.T) {
	t.Parallel()
	s := local(t, developmentEnv(t))
	for provider, name := range map[string]string{"google": "ada", "facebook": "grace", "line": "somchai"} {
		got, in := walk(t, s, provider, name)
		if got.Status != 200 || !in.IsNewUser || in.User.Email != name+"@example.com" || s.Me(t, in.Token).ID != in.User.ID {
			t.Errorf("%s through %s: %d %s", name, provider, got.Status, got.Body)
		}
		if _, again := walk(t, s, provider, name); again.IsNewUser || again.User.ID != in.User.ID {
			t.Errorf("%s came back through %s as %+v", name, provider, again.User)
		}
	}
	got, _ := walk(t, s, "line", "linus") // who has no e-mail
	if got.Code() != "email_required" {
		t.Errorf("linus: %d %s, want email_required", got.Status, got.Body)
	}
	var c *http.Cookie
	for _, c = range s.Send(t, request{Method: "GET", Path: "/auth/google"}).Cookies {
		if c.Secure || strings.HasPrefix(c.Name, "__Host-") || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
			t.Errorf("the cookie %s", c)
		}
	}
	if c == nil {
		t.Error("no cookie")
	}
	s.Stop(t)
	for line := range strings.Lines(s.Output()) {
		if !json.Valid([]byte(line)) || !strings.Contains(line, "a mail, which without SMTP_URL is shown here") && strings.Contains(line, "@example.com") {
			t.Errorf("the log has the line %s", line)
		}
	}
}

// TestOAuthCredentialsInDevelopment has one provider with credentials: the built-in one stands in for
// the others alone.
func TestOAuthCredentialsInDevelopment(t *testing.T) {
	t.Parallel()
	env := developmentEnv(t)
	idp := fakeidp.New(t, "http://localhost:"+env["APP_PORT"]+"/api/v1/auth")
	for name, value := range idp.Env() {
		if strings.HasPrefix(name, "LINE_") {
			env[name] = value
		}
	}
	env["FACEBOOK_CLIENT_ID"], env["FACEBOOK_CLIENT_SECRET"] = "1234", "secret-of-facebook"
	s := local(t, env)
	for name, want := range map[string]string{"google": s.Client.Base + "/dev/idp/google/", "facebook": "https://www.facebook.com/", "line": idp.URL + "/line/authorize?"} {
		var out struct{ URL string }
		if s.Must(t, request{Method: "GET", Path: "/auth/" + name}, 200, &out); !strings.HasPrefix(out.URL, want) {
			t.Errorf("%s is at %s, want %s", name, out.URL, want)
		}
	}
	for _, path := range []string{"//dev/idp/line/authorize", "//dev/idp/line/certs", "//dev/idp/facebook/dialog/oauth"} {
		if got, err := s.Try(t.Context(), request{Method: "GET", Path: path}); err != nil || got.Status != 404 {
			t.Errorf("%s = %d %s, %v, want 404", path, got.Status, got.Body, err)
		}
	}
}

// developmentOnly holds addresses of development, and others that could lead around a check of them.
var developmentOnly = []string{
	"/dev/idp", "/dev/idp/", "/dev/idp/google/authorize?client_id=development", "/dev/idp/google/jwks", "/dev/idp/line/token", "/dev/idp/facebook/me",
	"/dev//idp/google/jwks", "/DEV/IDP/google/jwks", "/dev/idp/%67oogle/jwks", "/api/../dev/idp/google/jwks", "/dev/mails",
	"/", "/index.html", "/app.js", "/style.css", "/auth/callback?code=x&state=y",
}

// TestOAuthNothingOfDevelopmentElsewhere tries settings that could be hoped to bring development's
// identity provider and demo into other environments. Production without Redis is warned.
func TestOAuthNothingOfDevelopmentElsewhere(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]map[string]string{"test": {}, "production": {"APP_ENV": "production", "APP_HOST": "127.0.0.1", "BCRYPT_COST": "10"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, env := newEnv(t, more)
			for variable := range env {
				for _, provider := range []string{"GOOGLE_", "LINE_", "FACEBOOK_"} {
					if strings.HasPrefix(variable, provider) {
						delete(env, variable)
					}
				}
			}
			maps.Copy(env, map[string]string{
				"ENV": "development", "GO_ENV": "development", "FIBER_ENV": "development", "GOOGLE_AUTH_URL": "http://localhost/dev/idp/google/authorize",
				"DEBUG": "true", "DEVELOPMENT": "true", "APP_DEBUG": "true", "DEMO": "true", "FRONTEND_DEMO": "true", "DEVIDP": "true", "DEV_IDP": "true",
				"OAUTH_DEVELOPMENT": "true", "OAUTH_MOCK": "true", "INSECURE": "true",
			})
			if name == "production" {
				env["DATABASE_URL"], env["NATS_URL"] = pgtest.New(t), harness.NewNats(t).URL()
				delete(env, "NATS_EMBEDDED_ADDR")
			}
			running := harness.StartService(t, env)
			s := service{running, client.New(running.Base)}
			for _, path := range developmentOnly {
				for _, method := range []string{"GET", "POST"} {
					s.Refuses(t, request{Method: method, Path: "/" + path}, 404, "not_found")
				}
			}
			a := s.Register(t)
			for _, provider := range append([]string{"development", "dev", "idp"}, fakeidp.Names...) {
				for _, r := range []request{
					{Method: "GET", Path: "/auth/" + provider}, {Method: "GET", Path: "/auth/" + provider + "?redirect=true"},
					{Method: "GET", Path: "/auth/" + provider + "/callback?code=x&state=y"}, client.Linking(provider, a.Token),
				} {
					s.Refuses(t, r, 404, "provider_not_found")
				}
			}
			warned := 0
			for line := range strings.Lines(s.Output()) {
				if strings.Contains(line, `"level":"WARN"`) && strings.Contains(line, "REDIS_URL") {
					warned++
				}
			}
			if want := map[string]int{"production": 1}[name]; warned != want {
				t.Errorf("%d warnings that REDIS_URL is not set, want %d", warned, want)
			}
		})
	}
}

// TestOAuthInProduction logs in with the settings of production.
func TestOAuthInProduction(t *testing.T) {
	t.Parallel()
	s := newSetup(t, map[string]string{
		"APP_ENV": "production", "APP_HOST": "127.0.0.1", "BCRYPT_COST": "10", "DATABASE_URL": pgtest.New(t), "REDIS_URL": redisserver.Start(t).URL(),
		"NATS_URL": harness.NewNats(t).URL(), "NATS_EMBEDDED_ADDR": "",
	})
	s.ends(t, "with a cookie that is Secure", fakeidp.LINE, person(), "ok")
	if strings.Contains(s.one.Output(), "REDIS_URL") {
		t.Errorf("a word of REDIS_URL in %s", s.one.Output())
	}
}
