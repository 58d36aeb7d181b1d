// Package devidptest goes through the consent pages of the development identity provider, as a
// person with a browser would.
package devidptest

import (
	"context"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Person is somebody who is not among the test people. The same name and address are the same
// person at the next log-in; at LINE and Facebook nobody sees Verified.
type Person struct {
	Name     string
	Email    string
	Verified bool
}

// Login logs in as a test person, by key: "ada", "grace", "linus", "somchai" or "mallory". It
// returns where the browser is sent then, which it does not visit.
func Login(t testing.TB, client *http.Client, authorizeURL, person string) string {
	t.Helper()
	return must(t, client, authorizeURL, As(person))
}

// LoginAs logs in as somebody who is not among the test people.
func LoginAs(t testing.TB, client *http.Client, authorizeURL string, p Person) string {
	t.Helper()
	return must(t, client, authorizeURL, AsPerson(p))
}

// Deny refuses, and returns where the browser is sent then.
func Deny(t testing.TB, client *http.Client, authorizeURL string) string {
	t.Helper()
	return must(t, client, authorizeURL, Denial())
}

// As is the answer of a test person who agrees, for Answer.
func As(person string) url.Values {
	return url.Values{"person": {person}, "decision": {"allow"}}
}

// AsPerson is the answer of somebody else who agrees, for Answer.
func AsPerson(p Person) url.Values {
	form := url.Values{"person": {"other"}, "decision": {"allow"}, "name": {p.Name}, "email": {p.Email}}
	if p.Verified {
		form.Set("verified", "yes")
	}
	return form
}

// Denial is the answer of somebody who does not agree, for Answer.
func Denial() url.Values { return url.Values{"decision": {"deny"}} }

func must(t testing.TB, client *http.Client, authorizeURL string, form url.Values) string {
	t.Helper()
	location, err := Answer(t.Context(), client, authorizeURL, form)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// Answer opens the consent page, sends the form and returns where the browser is sent, without a
// fragment, which browsers keep to themselves. Unlike the others it may be called from any
// goroutine. It fails where there is no consent page or no redirect.
func Answer(ctx context.Context, client *http.Client, authorizeURL string, form url.Values) (string, error) {
	here := *client
	here.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	action, name, err := open(ctx, &here, authorizeURL)
	if err != nil {
		return "", err
	}
	form = maps.Clone(form)
	form.Set("request", name)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, action, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := here.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	location, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		return "", fmt.Errorf("the consent page answered %s, not with a redirect", resp.Status)
	}
	location.Fragment = ""
	return location.String(), nil
}

var (
	actionOf = regexp.MustCompile(`<form method="post" action="([^"]*)"`)
	nameOf   = regexp.MustCompile(`<input type="hidden" name="request" value="([^"]*)"`)
)

// open returns where the form of a consent page goes, and the name of the request.
func open(ctx context.Context, client *http.Client, authorizeURL string) (action, name string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, authorizeURL, nil)
	if err != nil {
		return "", "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", "", err
	}
	path, request := actionOf.FindSubmatch(body), nameOf.FindSubmatch(body)
	if resp.StatusCode != http.StatusOK || path == nil || request == nil {
		return "", "", fmt.Errorf("no consent page but %s, Location %q: %s", resp.Status, resp.Header.Get("Location"), body)
	}
	target, err := req.URL.Parse(html.UnescapeString(string(path[1])))
	if err != nil {
		return "", "", err
	}
	return target.String(), html.UnescapeString(string(request[1])), nil
}
