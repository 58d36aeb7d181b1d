package e2e

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/devidp/devidptest"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/redisserver"
)

// hopes are settings by which somebody might hope to have development's parts elsewhere.
func hopes(port string) map[string]string {
	hopes := map[string]string{
		"ENV": "development", "GO_ENV": "development", "NODE_ENV": "development", "FIBER_ENV": "development", "ENVIRONMENT": "development",
		"FRONTEND_URL": "http://localhost:" + port, "CORS_ALLOWED_ORIGINS": "http://localhost:" + port,
		"GOOGLE_AUTH_URL": "http://localhost:" + port + "/dev/idp/google/authorize", "LINE_ISSUER": "http://localhost:" + port + "/dev/idp/line",
	}
	for _, name := range []string{
		"DEBUG", "DEV", "DEVELOPMENT", "APP_DEBUG", "APP_DEV", "DEMO", "DEMO_ENABLED", "ENABLE_DEMO", "APP_DEMO", "FRONTEND_DEMO", "SERVE_DEMO",
		"DEVIDP", "DEV_IDP", "DEV_IDP_ENABLED", "DEVIDP_ENABLED", "ENABLE_DEV_IDP", "DEVELOPMENT_IDP", "OAUTH_DEV", "OAUTH_DEV_IDP", "OAUTH_STAND_IN",
		"OAUTH_DEVELOPMENT", "MOCK_OAUTH", "OAUTH_MOCK", "INSECURE", "ALLOW_INSECURE",
	} {
		hopes[name] = "true"
	}
	return hopes
}

// developmentOnly is addresses of the development identity provider and of the demo, and others
// by which somebody might hope to come around a check of those.
var developmentOnly = []string{
	"/dev/idp", "/dev/idp/", "/dev/idp/google/authorize?client_id=development", "/dev/idp/google/jwks", "/dev/idp/google/token", "/dev/idp/google/userinfo",
	"/dev/idp/google/consent", "/dev/idp/line/authorize", "/dev/idp/line/certs", "/dev/idp/line/token", "/dev/idp/line/profile", "/dev/idp/facebook/dialog/oauth",
	"/dev/idp/facebook/oauth/access_token", "/dev/idp/facebook/me", "/dev//idp/google/jwks", "/DEV/IDP/google/jwks", "/dev/idp/%67oogle/jwks", "/api/../dev/idp/google/jwks",
	"/", "/index.html", "/app.js", "/api.js", "/oauth.js", "/texts.js", "/style.css", "/frontend.go", "/auth/callback", "/auth/callback?code=x&state=y",
}

// Outside development there is no identity provider that lets anybody be anybody, and no demo,
// whatever is set.
func TestNothingOfDevelopmentElsewhere(t *testing.T) {
	t.Parallel()
	test, production := newEnv(t), newProductionEnv(t)
	for name, env := range map[string]map[string]string{"test": test, "production": production} {
		maps.Copy(env, hopes(env["APP_PORT"]))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, env)
			grace := s.register(t, "grace")
			for _, path := range developmentOnly {
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					wantProblem(t, s, method, path, "", 404, "not_found")
				}
			}
			for _, provider := range append(providers, "development", "dev", "idp") {
				wantProblem(t, s, "GET", "/api/v1/auth/"+provider, "", 404, "provider_not_found")
				wantProblem(t, s, "GET", "/api/v1/auth/"+provider+"?redirect=true", "", 404, "provider_not_found")
				wantProblem(t, s, "GET", "/api/v1/auth/"+provider+"/callback?code=x&state=y", "", 404, "provider_not_found")
			}
			wantProblem(t, s, "POST", "/api/v1/users/me/oauth-providers/google", grace.Token, 404, "provider_not_found")
		})
	}
}

// wantProblem checks that a request is answered with a problem of that code.
func wantProblem(t *testing.T, s *instance, method, path, token string, status int, code string) {
	t.Helper()
	got, header, body, err := s.do(method, path, token, "")
	if err != nil || got != status || header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(body), `"code":"`+code+`"`) {
		t.Errorf("%s %s = %d %s %v, want %d %s", method, path, got, body, err, status, code)
	}
}

// newProductionEnv is the environment of an instance in production, but for the port's address.
func newProductionEnv(t *testing.T) map[string]string {
	t.Helper()
	env := newEnv(t)
	delete(env, "BCRYPT_COST")
	maps.Copy(env, map[string]string{
		"APP_ENV": "production", "APP_HOST": "127.0.0.1", "FRONTEND_URL": frontendURL, "JWT_SECRET": strings.Repeat("s", 32),
		"DATABASE_URL": pgtest.New(t), "NATS_URL": newBus(t).url,
	})
	return withKeys(env, "a")
}

// In production one misses Redis at the first look at the log, where there is none, and log-ins
// work all the same.
func TestProductionWithoutRedisIsWarned(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"without": 1, "with": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider, env := newIDP(t), newProductionEnv(t)
			provider.configure(env)
			if want == 0 {
				env["REDIS_URL"] = redisserver.Start(t).URL()
			}
			s := start(t, env)
			warnings := 0
			for line := range strings.Lines(s.Output()) {
				if strings.Contains(line, `"level":"WARN"`) && strings.Contains(line, "REDIS_URL") {
					warnings++
				}
			}
			if warnings != want {
				t.Errorf("%d warnings that REDIS_URL is not set, want %d", warnings, want)
			}
			newFlow(t, "line").mustLogIn(t, s, devidptest.As("somchai"))
		})
	}
}

// In development a provider with credentials is the real one, and the built-in one stands in for
// the others alone.
func TestCredentialsInDevelopment(t *testing.T) {
	t.Parallel()
	provider, env := newIDP(t), newDevelopmentEnv(t)
	settings := map[string]string{}
	provider.configure(settings)
	for name, value := range settings {
		if strings.HasPrefix(name, "LINE_") {
			env[name] = value
		}
	}
	env["FACEBOOK_CLIENT_ID"], env["FACEBOOK_CLIENT_SECRET"] = "1234", "facebook-secret"
	s := start(t, env).atHome(env)
	for name, want := range map[string]string{
		"google": s.base + "/dev/idp/google/", "facebook": "https://www.facebook.com/", "line": provider.Endpoints("line").Auth + "?",
	} {
		address, err := newFlow(t, name).atHome(s).start(s)
		if err != nil || !strings.HasPrefix(address, want) {
			t.Errorf("%s is at %s, want %s (%v)", name, address, want, err)
		}
	}
	for _, path := range []string{"/dev/idp/line/authorize", "/dev/idp/line/certs", "/dev/idp/facebook/dialog/oauth"} {
		if err := s.expect("GET", path, "", "", 404); err != nil {
			t.Error(err)
		}
	}
	for _, f := range []flow{newFlow(t, "google").atHome(s), newFlow(t, "line").atHome(s)} {
		f.mustLogIn(t, s, devidptest.AsPerson(numbered(len(f.provider))))
	}
	if len(provider.given()) == 0 {
		t.Error("the real provider gave out no token")
	}
}

// What ties a flow to a browser is out of reach of scripts and other sites and, outside
// development, of other hosts and of whoever reads what is not encrypted.
func TestTheCookieOfAFlow(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]map[string]string{"development": newDevelopmentEnv(t), "test": newEnv(t), "production": newProductionEnv(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name != "development" {
				newIDP(t).configure(env)
			}
			s := start(t, env)
			res, body, err := newBrowser(t).send("GET", s.base+"/api/v1/auth/google", "", "")
			if err != nil || res.StatusCode != 200 || len(res.Cookies()) != 1 {
				t.Fatalf("the start of a flow = %v %s %v", res, body, err)
			}
			c := res.Cookies()[0]
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 600 {
				t.Errorf("the cookie is %s", c)
			}
			if elsewhere := name != "development"; c.Secure != elsewhere || strings.HasPrefix(c.Name, "__Host-") != elsewhere {
				t.Errorf("the cookie is %s", c)
			}
			var start struct{ URL string }
			s.must(t, "GET", "/api/v1/auth/google", "", "", 200, &start)
			if u, err := url.Parse(start.URL); err != nil || strings.Contains(c.Name+c.Value, u.Query().Get("state")) {
				t.Errorf("the cookie tells the state: %v", err)
			}
		})
	}
}
