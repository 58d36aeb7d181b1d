package userevents

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	pageLimit   = 1000
	pageSize    = 4 << 20 // bytes; a page of the longest users has less than half
	pageTimeout = 30 * time.Second
	pageTries   = 8
	longestAsk  = time.Minute // that the service may ask us to wait
)

// page is one answer of GET /internal/users.
type page struct {
	Users          []User `json:"users"`
	NextCursor     string `json:"nextCursor"`
	StreamSequence uint64 `json:"streamSequence"`
}

// passingError is one that the same request may not meet again.
type passingError struct {
	error

	after time.Duration // that the service asks us to wait
}

func (e passingError) Unwrap() error { return e.error }

// page asks for a page until it comes, or for good.
func (s Snapshot) page(ctx context.Context, client *http.Client, cursor string) (page, error) {
	wait := s.firstWait
	if wait == 0 {
		wait = firstRetry
	}
	for try := 1; ; try++ {
		p, err := s.ask(ctx, client, cursor)
		var passing passingError
		if err == nil || ctx.Err() != nil || try == pageTries || !errors.As(err, &passing) {
			return p, err
		}
		// Somewhat longer for one than for the other, so that those who failed together do
		// not come together again.
		sleep(ctx, max(wait+rand.N(wait/2+1), min(passing.after, longestAsk))) //nolint:gosec // not a secret
		wait = min(2*wait, longestBack)
	}
}

// ask asks for a page once.
func (s Snapshot) ask(ctx context.Context, client *http.Client, cursor string) (page, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	query := url.Values{"limit": {strconv.Itoa(pageLimit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	to := strings.TrimRight(s.URL, "/") + "/api/v1/internal/users?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return page{}, ErrSnapshotURL
	}
	request.Header.Set("Authorization", "Bearer "+s.Token)
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return page{}, passingError{error: err}
	}
	defer response.Body.Close()
	if err := refusal(response); err != nil {
		return page{}, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, pageSize+1))
	if err != nil {
		return page{}, passingError{error: err}
	}
	return decodePage(body)
}

// refusal returns why an answer is no page, or nil.
func refusal(response *http.Response) error {
	switch code := response.StatusCode; {
	case code == http.StatusOK:
		return nil
	case code == http.StatusTooManyRequests, code >= 500:
		return passingError{error: fmt.Errorf("the auth service answers %d", code), after: retryAfter(response.Header.Get("Retry-After"))}
	case code == http.StatusUnauthorized:
		return errors.New("the auth service refuses the token: is it the SYNC_TOKEN that it has?")
	case code == http.StatusNotFound:
		return errors.New("the auth service has no list of users: does it have a SYNC_TOKEN?")
	case code >= 300 && code < 400:
		return fmt.Errorf("the auth service answers %d: a redirect is not followed, since that would show the token elsewhere", code)
	default:
		return fmt.Errorf("the auth service answers %d", code)
	}
}

// retryAfter reads the header of that name, in seconds or as a time.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), int(longestAsk/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}

// decodePage reads a page. Its errors do not repeat what it says.
func decodePage(body []byte) (page, error) {
	if len(body) > pageSize {
		return page{}, errors.New("a page is too long")
	}
	var p page
	if json.Unmarshal(body, &p) != nil || p.Users == nil {
		return page{}, errors.New("a page is not the JSON of one")
	}
	for _, u := range p.Users {
		if u.ID == "" || u.Email == "" || u.Username == "" || u.Version < 1 {
			return page{}, errors.New("a page has a user without id, email, username or version")
		}
	}
	return p, nil
}
