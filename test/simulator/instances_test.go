package simulator_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gofiber-auth/test/fakeidp"
	"gofiber-auth/test/harness"
	"gofiber-auth/test/pgtest"
	"gofiber-auth/test/redisserver"
)

// TestTokensAtRest looks for the providers' tokens in the whole database.
func TestTokensAtRest(t *testing.T) {
	t.Parallel()
	dsn := pgtest.New(t)
	w := newWorld(t, map[string]string{"DATABASE_URL": dsn})
	var exported string
	for _, provider := range fakeidp.Names {
		a := w.newBrowser().logIn(t, provider, w.someone())
		if provider != fakeidp.LINE {
			w.newBrowser().link(t, fakeidp.LINE, a.Token, w.someone())
		}
		for _, path := range []string{"/users/me", "/users/me/oauth-providers"} {
			_, _, body, err := w.do(t.Context(), http.MethodGet, "/api/v1"+path, a.Token, "")
			if err != nil {
				t.Fatal(err)
			}
			exported += string(body)
		}
	}
	w.newBrowser().consent(t, fakeidp.LINE, w.someone()) // and one under way
	all := dump(t, dsn)
	for secret, what := range w.Secrets() {
		if what == "e-mail" {
			continue // users have one
		}
		for place, text := range map[string]string{"database": all, "answers": exported} {
			for _, form := range []string{secret, fmt.Sprintf("%x", secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(text, form) {
					t.Errorf("there is the %s in the %s", what, place)
				}
			}
		}
	}
	if !strings.Contains(all, "s-") {
		t.Error("the dump has no subject: the test looks at nothing")
	}
}

// dump is every row of every table as a text.
func dump(t *testing.T, dsn string) string {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	texts := func(query string) []string {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	var all []string
	for _, table := range texts(`SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'`) {
		all = append(all, texts("SELECT t::text FROM "+pgx.Identifier{table}.Sanitize()+" t")...)
	}
	return strings.Join(all, "\n")
}

// TestProduction runs the service with the settings of production and two instances: people
// begin at one, come back to the other and exchange at the first.
func TestProduction(t *testing.T) {
	t.Parallel()
	bus := newWorld(t, nil) // whose bus the instances use
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{
		"APP_ENV": "production", "BCRYPT_COST": "10", "APP_HOST": "127.0.0.1", "DATABASE_URL": pgtest.New(t), "REDIS_URL": redisserver.Start(t).URL(),
		"NATS_URL": "nats://" + bus.env["NATS_EMBEDDED_ADDR"], "NATS_EMBEDDED_ADDR": "", "NATS_STREAM_NAME": "PRODUCTION", "NATS_SUBJECT": "production.events",
		"JWT_SECRET": rand.Text() + rand.Text(), "TOKEN_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(key),
	}
	one := newWorld(t, settings)
	shared := maps.Clone(settings)
	maps.Copy(shared, one.Env()) // the same clients at the same providers
	shared["APP_PORT"] = harness.FreePort(t)
	two := &world{Server: one.Server, env: shared, base: "http://127.0.0.1:" + shared["APP_PORT"], admin: one.admin, bus: one.bus}
	two.Process = harness.Run(t, merged(one.env, shared), "", "api")
	two.ready(t)
	t.Cleanup(func() { two.keepsSecrets(t) })

	for _, provider := range fakeidp.Names {
		for _, challenge := range []bool{true, false} {
			person := one.someone()
			b := one.newBrowser()
			f := b.begin(t, provider, challenge)
			callback := b.decide(t, f, person)
			b.w = two
			q := b.comeBack(t, callback)
			status, a, p := one.exchange(t, q.Get("code"), f.verifier)
			if status != http.StatusOK {
				t.Fatalf("%s: exchange = %d %q after %v", provider, status, p.Code, q)
			}
			two.me(t, a.Token)
			if again, _, p := two.exchange(t, q.Get("code"), f.verifier); again != http.StatusBadRequest || p.Code != "invalid_code" {
				t.Errorf("%s: the code again at the other instance: %d %q, want 400 invalid_code", provider, again, p.Code)
			}
			one.ended(t, "a code that came again at the other instance", a.Token)
			if q := b.comeBack(t, callback); q.Get("error") != "invalid_state" {
				t.Errorf("%s: the callback again: %v, want invalid_state", provider, q)
			}
		}
	}
	b := one.newBrowser()
	f := b.begin(t, fakeidp.LINE, true)
	callback := b.decide(t, f, one.someone())
	codes := make(chan string, 40)
	atOnce(40, func(i int) {
		at := &browser{w: []*world{one, two}[i%2], cookies: maps.Clone(b.cookies)}
		if q := at.comeBack(t, callback); q.Get("code") != "" {
			codes <- q.Get("code")
		}
	})
	if len(codes) != 1 {
		t.Errorf("%d of 40 callbacks at two instances gave codes, want one", len(codes))
	}
	for _, path := range []string{"/dev/idp", "/dev/idp/google/authorize", "/dev/idp/line/token?" + url.Values{"code": {"a"}}.Encode(), "/demo", "/"} {
		if status, _, _, err := one.do(t.Context(), http.MethodGet, path, "", ""); err != nil || status != http.StatusNotFound {
			t.Errorf("GET %s in production = %d %v, want 404", path, status, err)
		}
	}
}

func merged(maps ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range maps {
		for k, v := range m {
			if v != "" {
				all[k] = v
			}
		}
	}
	delete(all, "NATS_EMBEDDED_ADDR")
	return all
}
