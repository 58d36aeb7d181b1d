package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"gofiber-auth/test/client"
	"gofiber-auth/test/harness"
)

// demo is the service as "make run" starts it. Tests share it: each has people of its own.
var demo = harness.Share(func(t testing.TB) string { return service(t) })

// cautious is a service where a registration becomes an account when its address is proved.
var cautious = harness.Share(func(t testing.TB) string { return service(t, "REGISTRATION=verified") })

// service starts the service with further settings ("NAME=value"), and returns where a browser
// finds it.
func service(t testing.TB, settings ...string) string {
	t.Helper()
	env := harness.NewEnv(t)
	env["APP_ENV"] = "development" // the demo and the identity provider are there alone
	env["BCRYPT_COST"] = "10"
	env["LOG_LEVEL"] = "info"
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		env[name] = value
	}
	harness.StartService(t, env)
	return "http://localhost:" + env["APP_PORT"]
}

// api is the service without the demo.
func (b *tab) api() *client.Client { return client.New(b.base) }

// links waits until so many mails to an address lead to a path of the demo, and returns where
// they lead: paths with tokens, the newest first.
func (b *tab) links(to, path string, n int) []string {
	b.t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta(b.base+path) + `\?token=[A-Za-z0-9_-]{20,}`)
	var found []string
	harness.Eventually(b.t, fmt.Sprintf("there are %d mails that lead to %s", n, path), func() error {
		res, err := http.Get(b.base + "/dev/mail?format=json")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		var box struct{ Mails []struct{ To, Text string } }
		if err := json.NewDecoder(res.Body).Decode(&box); err != nil {
			return err
		}
		found = nil
		for _, m := range box.Mails {
			if there := link.FindString(m.Text); there != "" && m.To == to {
				found = append(found, strings.TrimPrefix(there, b.base))
			}
		}
		if len(found) != n {
			return fmt.Errorf("there are %d of %d mails", len(found), len(box.Mails))
		}
		return nil
	})
	return found
}
