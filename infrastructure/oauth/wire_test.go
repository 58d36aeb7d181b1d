package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/domain/services"
	"gofiber-auth/pkg/metrics"
)

// elsewhere sends requests for the providers' own endpoints to a fake, and fails others.
type elsewhere struct {
	fake  *fake
	paths map[string]string // by endpoint
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	endpoint := "https://" + r.URL.Host + r.URL.Path
	path, known := e.paths[endpoint]
	if !known {
		e.fake.t.Errorf("%s was called", endpoint)
	}
	u, err := url.Parse(e.fake.server.URL + path)
	if err != nil {
		return nil, err
	}
	u.RawQuery = r.URL.RawQuery
	r = r.Clone(r.Context())
	r.URL, r.Host = u, u.Host
	return http.DefaultTransport.RoundTrip(r)
}

// TestOwnEndpoints proves that a provider without settings of endpoints is the real one.
func TestOwnEndpoints(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind      kind
		authorize string
		paths     map[string]string
	}{
		{google, "https://accounts.google.com/o/oauth2/v2/auth", map[string]string{
			"https://oauth2.googleapis.com/token":        "/token",
			"https://www.googleapis.com/oauth2/v3/certs": "/certs",
		}},
		{lineApp, "https://access.line.me/oauth2/v2.1/authorize", map[string]string{
			"https://api.line.me/oauth2/v2.1/token": "/token",
			"https://api.line.me/oauth2/v2.1/certs": "/certs",
		}},
		{graph, "https://www.facebook.com/v26.0/dialog/oauth", map[string]string{
			"https://graph.facebook.com/v26.0/oauth/access_token": "/token",
			"https://graph.facebook.com/v26.0/me":                 "/userinfo",
		}},
	}
	for _, test := range tests {
		t.Run(test.kind.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, test.kind)
			p := test.kind.make(
				Client{ID: clientID, Secret: clientSecret, RedirectURL: redirectURL},
				Deps{Metrics: metrics.New("test"), Now: f.clock.now, Transport: elsewhere{f, test.paths}},
			)
			a := attempt()
			address := p.AuthorizeURL(a)
			if before, _, _ := strings.Cut(address, "?"); before != test.authorize {
				t.Errorf("AuthorizeURL() begins with %s, want %s", before, test.authorize)
			}
			code := f.authorize(address+"&prompt=consent", subject)
			if _, err := p.Identify(t.Context(), services.AuthResponse{Code: code}, a); err != nil {
				t.Error(err)
			}
			for _, path := range test.paths {
				if f.called(path) != 1 {
					t.Errorf("%s was called %d times", path, f.called(path))
				}
			}
		})
	}
}

// TestCallsAreMeasured looks at what an operator sees of each call, good or bad.
func TestCallsAreMeasured(t *testing.T) {
	t.Parallel()
	for k, want := range map[string][]string{
		"google": {"jwks", "token", "userinfo"}, "line": {"jwks", "token"}, "facebook": {"token", "userinfo"},
	} {
		t.Run(k, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, map[string]kind{"google": google, "line": lineApp, "facebook": graph}[k])
			if k == "google" {
				delete(f.person, "email")
			}
			f.overrides["/userinfo"] = say(http.StatusInternalServerError, "") // what fails counts as well
			deps := f.deps()
			_, _ = logIn(t, f, f.kind.make(f.client(), deps))
			families, err := deps.Metrics.Registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, family := range families {
				if family.GetName() != "oauth_provider_duration_seconds" {
					continue
				}
				for _, m := range family.GetMetric() {
					labels := map[string]string{}
					for _, l := range m.GetLabel() {
						labels[l.GetName()] = l.GetValue()
					}
					if labels["provider"] != k || m.GetHistogram().GetSampleCount() != 1 {
						t.Errorf("%v was measured %d times", labels, m.GetHistogram().GetSampleCount())
					}
					got = append(got, labels["call"])
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Errorf("the calls %v were measured, want %v", got, want)
			}
		})
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	f := newFake(t, google)
	r := NewRegistry(f.provider(), LINE(f.client(), f.deps()))
	for _, name := range []string{"google", "line"} {
		if p, err := r.Lookup(name); err != nil || p.Name() != name {
			t.Errorf("Lookup(%q) = %v, %v", name, p, err)
		}
	}
	for _, name := range []string{"facebook", "", "Google", "google "} {
		if _, err := r.Lookup(name); !errors.Is(err, domain.ErrProviderUnknown) {
			t.Errorf("Lookup(%q) fails with %v, want %v", name, err, domain.ErrProviderUnknown)
		}
	}
}
