package userevents

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Snapshot reads the auth service's list of all users: what a copy begins with.
type Snapshot struct {
	URL   string // of the auth service, such as http://localhost:8088
	Token string // its SYNC_TOKEN

	// Transport sends the requests. Nil is one like http.DefaultTransport.
	Transport http.RoundTripper

	firstWait time.Duration // 0 is firstRetry
}

// User is what a snapshot says of one user.
type User struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Username string `json:"username"`
	Version  int64  `json:"version"` // that of the last event about this user
}

// What is wrong with a Snapshot itself. No error of it ever holds the token.
var (
	ErrSnapshotURL   = errors.New("the URL of the auth service is not one of http or https, or has more in it than a host and a path")
	ErrSnapshotToken = errors.New("the SYNC_TOKEN is missing, or is not one")
)

// Check returns ErrSnapshotURL, ErrSnapshotToken or nil. It asks nobody.
func (s Snapshot) Check() error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return ErrSnapshotURL
	}
	visible := func(c rune) bool { return c > ' ' && c <= '~' }
	if s.Token == "" || strings.ContainsFunc(s.Token, func(c rune) bool { return !visible(c) }) {
		return ErrSnapshotToken
	}
	return nil
}

// Read calls each with every user, once, and returns the streamSequence of the first page:
// what the users said contains every event of the stream up to there. Where users change
// meanwhile, events behind it say so.
//
// It repeats requests that fail for a reason that passes, some seconds longer each time, or
// as long as the service asks for. It returns the error of each at once, that of ctx, what
// Check returns, or why the service cannot be read.
func (s Snapshot) Read(ctx context.Context, each func(User) error) (streamSequence uint64, err error) {
	if err := s.Check(); err != nil {
		return 0, err
	}
	client, done := s.client()
	defer done()
	cursor := ""
	for first := true; first || cursor != ""; first = false {
		p, err := s.page(ctx, client, cursor)
		if err != nil {
			return 0, fmt.Errorf("the list of users: %w", err)
		}
		if first {
			streamSequence = p.StreamSequence
		}
		if p.NextCursor != "" && p.NextCursor == cursor {
			return 0, errors.New("the list of users does not go on")
		}
		for _, u := range p.Users {
			if err := each(u); err != nil {
				return 0, err
			}
		}
		cursor = p.NextCursor
	}
	return streamSequence, nil
}

// client follows no redirect: that would take the token elsewhere.
func (s Snapshot) client() (client *http.Client, done func()) {
	transport, done := s.Transport, func() {}
	if transport == nil {
		own := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented to be one
		transport, done = own, own.CloseIdleConnections
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, done
}
