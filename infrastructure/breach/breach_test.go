package breach

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"gofiber-auth/domain"
	"gofiber-auth/infrastructure/limits/limitstest"
	"gofiber-auth/pkg/metrics"
)

const password = "correct horse battery staple"

func hashOf(password string) string {
	sum := sha1.Sum([]byte(password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// checker returns a checker of the endpoint, and its log.
func checker(t *testing.T, url string, closed bool) (*Checker, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	c, err := New(Options{URL: url, Closed: closed, Metrics: metrics.New("test"), Log: slog.New(slog.NewJSONHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, log
}

// answering serves one answer.
func answering(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func saying(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }
}

// others is lines of other hashes than that of password.
func others(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s:%d\r\n", hashOf(fmt.Sprint(i))[prefixSize:], i)
	}
	return b.String()
}

func TestBreached(t *testing.T) {
	t.Parallel()
	rest := hashOf(password)[prefixSize:]
	for name, c := range map[string]struct {
		body string
		want bool
	}{
		"among others":   {others(500) + rest + ":3\r\n" + others(500), true},
		"first":          {rest + ":1\r\n" + others(1), true},
		"last, no break": {others(1) + rest + ":52256179", true},
		"lower case":     {strings.ToLower(rest) + ":1\n", true},
		"padding":        {others(5) + rest + ":0\r\n", false},
		"not there":      {others(1000), false},
		"nothing there":  {"", false},
		"empty lines":    {"\r\n\r\n" + others(1) + "\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := answering(t, saying(c.body))
			for _, closed := range []bool{false, true} {
				checker, log := checker(t, url, closed)
				if got, err := checker.Breached(t.Context(), password); got != c.want || err != nil {
					t.Errorf("Breached() = %v, %v, want %v", got, err, c.want)
				}
				if log.Len() > 0 {
					t.Errorf("the log says %s", log)
				}
				if limitstest.Metric(t, checker.Metrics, "breach_checks_total") != 1 {
					t.Error("it was not counted")
				}
			}
		})
	}
}

// Five digits of the hash are all that leaves, and credentials of the URL go along.
func TestWhatLeaves(t *testing.T) {
	t.Parallel()
	var request *http.Request
	url := answering(t, func(_ http.ResponseWriter, r *http.Request) { request = r })
	c, _ := checker(t, strings.Replace(url, "http://", "http://auth:s3cret@", 1)+"/range/?key=1", false)
	if _, err := c.Breached(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	user, key, _ := request.BasicAuth()
	if request.Method != http.MethodGet || request.URL.Path != "/range/"+hashOf(password)[:5] || request.URL.RawQuery != "key=1" ||
		request.Header.Get("Add-Padding") != "true" || user != "auth" || key != "s3cret" || request.ContentLength != 0 {
		t.Errorf("the request is %s %s %v", request.Method, request.URL, request.Header)
	}
	var sent bytes.Buffer
	if err := request.Header.Write(&sent); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.ToUpper(request.RequestURI+sent.String()), hashOf(password)[:6]) {
		t.Errorf("more of the hash has left:\n%s", &sent)
	}
}

func TestTheServiceFails(t *testing.T) {
	t.Parallel()
	rest := hashOf(password)[prefixSize:]
	elsewhere := answering(t, saying(rest+":1\n"))
	forever := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, others(10))
		}
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, url := range map[string]string{
		"away":       gone.URL,
		"a failure":  answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }),
		"not found":  answering(t, http.NotFound),
		"a redirect": answering(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) }),
		"a page":     answering(t, saying("<html><body>Welcome to our guest network</body></html>")),
		"JSON":       answering(t, saying(`{"found":true}`)),
		"one bad":    answering(t, saying(rest+":1\n"+rest[1:]+":1\n")),
		"no count":   answering(t, saying(rest+"\n")),
		"no digits":  answering(t, saying(strings.Repeat("G", 35)+":1\n")),
		"endless":    answering(t, forever),
		"one line":   answering(t, saying(strings.Repeat("0", 2<<20))),
		"hanging":    answering(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
		"hanging in the middle": answering(t, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, others(1))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, closed := range []bool{false, true} {
				c, log := checker(t, url, closed)
				for range 2 {
					begun := time.Now()
					breached, err := c.Breached(t.Context(), password)
					if breached || closed != errors.Is(err, domain.ErrUnavailable) || (!closed && err != nil) {
						t.Errorf("closed %v: Breached() = %v, %v", closed, breached, err)
					}
					if took := time.Since(begun); took > time.Minute {
						t.Errorf("it took %v", took)
					}
					told := log.String() + fmt.Sprint(err)
					if strings.Contains(told, hashOf(password)[:5]) || strings.Contains(told, "http:") {
						t.Errorf("too much was told: %s", told)
					}
				}
				if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), `"level":"WARN"`) {
					t.Errorf("want one line, got %s", log)
				}
			}
		})
	}
}

func TestTheServiceComesBack(t *testing.T) {
	t.Parallel()
	status := 503
	c, log := checker(t, answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }), true)
	for _, next := range []int{200, 200, 503} {
		_, _ = c.Breached(t.Context(), password) // the log tells
		status = next
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 || !strings.Contains(log.String(), "looked for again") {
		t.Errorf("want a line when it goes and one when it is back, got %s", log)
	}
}

func TestNoURL(t *testing.T) {
	t.Parallel()
	if c, err := New(Options{URL: "http://s3cret%zz/"}); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("New() = %v, %v", c, err)
	}
}
