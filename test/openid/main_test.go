// Package openid proves log-in against software that nobody here wrote: the example server of
// github.com/zitadel/oidc, a real OpenID Provider, stands in for Google. The service is the real
// binary, which is told of it by nothing but settings, and everything goes over real HTTP. What a
// provider may do wrong is tested in infrastructure/oauth, against one that forges.
//
// The library is a requirement of the one go.mod, though only these tests import it. A module of
// their own would keep its dozen requirements out of there, but "go test ./...", "go vet ./..."
// and the linter stop at such a border, and from behind it "go build" would build the service
// with the versions of the wrong go.mod. What counts stays as it is: no version of what the
// service uses is another for it, and nothing of it gets into the binary, see
// TestNothingOfTheProviderIsInTheService.
package openid

import (
	"debug/buildinfo"
	"log/slog"
	"os"
	"strings"
	"testing"

	"gofiber-auth/test/harness"
)

func TestMain(m *testing.M) {
	// The example server writes a line for each request, which hides why a test failed.
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	os.Exit(harness.Main(m, "gofiber-auth/cmd/api"))
}

func TestNothingOfTheProviderIsInTheService(t *testing.T) {
	t.Parallel()
	info, err := buildinfo.ReadFile(harness.Binary("api"))
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) == 0 {
		t.Error("the binary does not say which modules it is made of")
	}
	for _, module := range info.Deps {
		for _, unwanted := range []string{"github.com/zitadel/", "github.com/muhlemmer/", "github.com/go-chi/", "github.com/rs/cors"} {
			if strings.HasPrefix(module.Path, unwanted) {
				t.Errorf("the service is built with %s %s", module.Path, module.Version)
			}
		}
	}
}
