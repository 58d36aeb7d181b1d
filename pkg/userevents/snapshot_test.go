package userevents

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const syncToken = "a-token-of-at-least-thirty-two-bytes"

// listing answers each request with the next of its answers.
type listing struct {
	answers  []http.HandlerFunc
	requests atomic.Int32
	cursors  []string
}

// start serves the listing, and returns what reads it.
func (l *listing) start(t *testing.T) Snapshot {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/auth/api/v1/internal/users" ||
			r.Header.Get("Authorization") != "Bearer "+syncToken || r.URL.Query().Get("limit") != "1000" {
			t.Errorf("asked for %s %s", r.Method, r.URL)
		}
		l.cursors = append(l.cursors, r.URL.Query().Get("cursor"))
		n := l.requests.Add(1)
		if int(n) > len(l.answers) {
			t.Errorf("request %d is one too many", n)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		l.answers[n-1](w, r)
	}))
	t.Cleanup(server.Close)
	return Snapshot{URL: server.URL + "/auth/", Token: syncToken, firstWait: time.Millisecond}
}

func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

func refuses(status int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

// breaks ends the connection in the middle of an answer.
func breaks(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"users":[`))
	panic(http.ErrAbortHandler)
}

func listed(name string) string {
	return fmt.Sprintf(`{"id":"id-of-%s","email":"%s@example.com","username":"%s","version":3}`, name, name, name)
}

// names reads a snapshot and returns the usernames in it.
func names(ctx context.Context, s Snapshot) (all []string, sequence uint64, err error) {
	sequence, err = s.Read(ctx, func(u User) error {
		if u.ID != "id-of-"+u.Username || u.Email != u.Username+"@example.com" || u.Version != 3 {
			return fmt.Errorf("unexpected %+v", u)
		}
		all = append(all, u.Username)
		return nil
	})
	return all, sequence, err
}

func TestSnapshotIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	l := &listing{answers: []http.HandlerFunc{
		says(`{"users":[` + listed("ada") + `,` + listed("grace") + `],"nextCursor":"a+/=&b","streamSequence":7}`),
		refuses(http.StatusServiceUnavailable, "Retry-After", "0"),
		refuses(http.StatusTooManyRequests),
		breaks,
		says(`{"users":[` + listed("joan") + `],"nextCursor":"c","streamSequence":9}`),
		says(`{"users":[],"nextCursor":"","streamSequence":9}`),
	}}
	got, sequence, err := names(t.Context(), l.start(t))
	if diff := cmp.Diff([]string{"ada", "grace", "joan"}, got); err != nil || sequence != 7 || diff != "" {
		t.Errorf("Read() = %d %v, want 7; users (-want +got):\n%s", sequence, err, diff)
	}
	if diff := cmp.Diff([]string{"", "a+/=&b", "a+/=&b", "a+/=&b", "a+/=&b", "c"}, l.cursors); diff != "" {
		t.Errorf("cursors (-want +got):\n%s", diff)
	}
}

func TestSnapshotWaitsAsLongAsItIsAsked(t *testing.T) {
	t.Parallel()
	l := &listing{answers: []http.HandlerFunc{
		refuses(http.StatusServiceUnavailable, "Retry-After", "1"), says(`{"users":[],"nextCursor":"","streamSequence":0}`),
	}}
	s := l.start(t)
	begun := time.Now()
	if _, _, err := names(t.Context(), s); err != nil || time.Since(begun) < time.Second {
		t.Errorf("Read() = %v after %v", err, time.Since(begun))
	}
}

func TestSnapshotIsRefused(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the redirect was followed, with %q", r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	page := func(user string) http.HandlerFunc {
		return says(`{"users":[` + user + `],"nextCursor":"","streamSequence":1}`)
	}
	repeated := func(n int, answer http.HandlerFunc) (all []http.HandlerFunc) {
		for range n {
			all = append(all, answer)
		}
		return all
	}
	for name, tt := range map[string]struct {
		answers []http.HandlerFunc
		want    string
	}{
		"wrong token":         {repeated(1, refuses(http.StatusUnauthorized)), "refuses the token"},
		"no token there":      {repeated(1, refuses(http.StatusNotFound)), "does it have a SYNC_TOKEN"},
		"forbidden":           {repeated(1, refuses(http.StatusForbidden)), "403"},
		"elsewhere":           {repeated(1, refuses(http.StatusTemporaryRedirect, "Location", elsewhere.URL)), "not followed"},
		"away for too long":   {repeated(pageTries, refuses(http.StatusBadGateway)), "502"},
		"breaks again":        {repeated(pageTries, breaks), "EOF"},
		"no JSON":             {repeated(1, says("ada@example.com")), "not the JSON"},
		"other JSON":          {repeated(1, says("{}")), "not the JSON"},
		"no id":               {repeated(1, page(`{"email":"ada@example.com","username":"ada","version":1}`)), "without id"},
		"no email":            {repeated(1, page(`{"id":"1","username":"ada","version":1}`)), "without id"},
		"no username":         {repeated(1, page(`{"id":"1","email":"ada@example.com","version":1}`)), "without id"},
		"no version":          {repeated(1, page(`{"id":"1","email":"ada@example.com","username":"ada"}`)), "without id"},
		"too long":            {repeated(1, page(listed("ada")+strings.Repeat(" ", pageSize))), "too long"},
		"the same page again": {repeated(2, says(`{"users":[],"nextCursor":"x","streamSequence":1}`)), "does not go on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &listing{answers: tt.answers}
			_, _, err := names(t.Context(), l.start(t))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Read() = %v, want %q in it", err, tt.want)
			}
			if strings.Contains(err.Error(), "@") || strings.Contains(err.Error(), syncToken) {
				t.Errorf("the error tells too much: %v", err)
			}
			if int(l.requests.Load()) != len(tt.answers) {
				t.Errorf("asked %d times, want %d", l.requests.Load(), len(tt.answers))
			}
		})
	}
}

func TestSnapshotStops(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	away := (&listing{answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		stop()
		refuses(http.StatusServiceUnavailable, "Retry-After", "60")(w, r)
	}}}).start(t)
	begun := time.Now()
	if _, _, err := names(ctx, away); err == nil || time.Since(begun) > longestAsk/2 {
		t.Errorf("Read() = %v after %v", err, time.Since(begun))
	}

	full := errors.New("no space left")
	page := (&listing{answers: []http.HandlerFunc{says(`{"users":[` + listed("ada") + `],"nextCursor":"x","streamSequence":1}`)}}).start(t)
	if _, err := page.Read(t.Context(), func(User) error { return full }); !errors.Is(err, full) {
		t.Errorf("Read() = %v, want %v", err, full)
	}
}

func TestSnapshotOfNobody(t *testing.T) {
	t.Parallel()
	s := Snapshot{URL: "http://127.0.0.1:1", Token: syncToken, firstWait: time.Microsecond}
	if _, _, err := names(t.Context(), s); err == nil || strings.Contains(err.Error(), syncToken) {
		t.Errorf("Read() = %v", err)
	}
}

func TestSnapshotCheck(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "localhost:8088", "ftp://localhost", "http://", "http://ada:s3cr3t@localhost", "http://localhost?x=s3cr3t", "http://%zz"} {
		s := Snapshot{URL: url, Token: syncToken}
		if _, err := s.Read(t.Context(), nil); !errors.Is(err, ErrSnapshotURL) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("Read() of %q = %v, want %v", url, err, ErrSnapshotURL)
		}
	}
	for _, token := range []string{"", "two words", "a\nline"} {
		s := Snapshot{URL: "http://localhost", Token: token}
		if err := s.Check(); !errors.Is(err, ErrSnapshotToken) {
			t.Errorf("Check() with token %q = %v, want %v", token, err, ErrSnapshotToken)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	soon := time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat)
	for value, want := range map[string]time.Duration{"": 0, "soon": 0, "-3": 0, "7": 7 * time.Second, "99999999999": longestAsk, soon: 20 * time.Second} {
		if got := retryAfter(value); got > want || got < want-10*time.Second {
			t.Errorf("retryAfter(%q) = %v, want %v", value, got, want)
		}
	}
}
