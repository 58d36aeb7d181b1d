// Package client speaks to a running service as its users do, and holds every answer to the
// conventions of the HTTP contract.
package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds one request.
const patience = time.Minute

// Client sends requests to one instance of the service. It is safe for concurrent use.
type Client struct {
	Base string // such as http://127.0.0.1:8088
	// Address is the client address that a trusted proxy would forward, in X-Forwarded-For. Empty:
	// none. Tests that share a server have limits of their own by it.
	Address string
}

// New returns a client without a forwarded address.
func New(base string) *Client { return &Client{Base: base} }

// From returns a client of the same instance with another forwarded address.
func (c *Client) From(address string) *Client { return &Client{Base: c.Base, Address: address} }

// Request is one request.
type Request struct {
	Method, Path string // under /api/v1, unless Path begins with //
	Token        string // the Bearer; empty: none
	// Body is sent as it is when it is a string, else as JSON. The Content-Type of a body is
	// application/json, unless Header says otherwise.
	Body any
	// Header replaces headers. An empty value removes one, a newline separates two values.
	Header map[string]string
}

// Answer is what came back.
type Answer struct {
	Status  int
	Header  http.Header
	Cookies []*http.Cookie
	Body    []byte
	Problem Problem // of an error
}

// Problem is an error body (RFC 9457), as the contract has it.
type Problem struct {
	Type, Title, Code, Detail, RequestID, Ticket string
	Status                                       int
	Errors                                       []struct{ Field, Code, Message string }
}

// Code is the code of a problem. The first wrong field and its code follow, where there is one.
func (a Answer) Code() string {
	if len(a.Problem.Errors) > 0 {
		return a.Problem.Code + " " + a.Problem.Errors[0].Field + " " + a.Problem.Errors[0].Code
	}
	return a.Problem.Code
}

// Decode decodes an answer that must have the status. Goroutines use it in place of Must.
func (a Answer) Decode(status int, out any) error {
	if a.Status != status {
		return fmt.Errorf("%d %s, want %d", a.Status, a.Body, status)
	}
	return json.Unmarshal(a.Body, out)
}

// Cookie returns the cookie of that name that the answer sets; nil: none.
func (a Answer) Cookie(name string) *http.Cookie {
	for _, c := range a.Cookies {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Try makes a request and returns its answer, unchecked. It fails when none came.
func (c *Client) Try(ctx context.Context, r Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := c.build(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	res, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	a := Answer{Status: res.StatusCode, Header: res.Header, Cookies: res.Cookies()}
	if a.Body, err = io.ReadAll(res.Body); err != nil {
		return a, err
	}
	if a.Status >= http.StatusBadRequest {
		_ = json.Unmarshal(a.Body, &a.Problem) // Conforms tells
	}
	return a, nil
}

func (c *Client) build(ctx context.Context, r Request) (*http.Request, error) {
	target := c.Base + "/api/v1" + r.Path
	if path, root := strings.CutPrefix(r.Path, "//"); root {
		target = c.Base + "/" + path
	}
	body, err := encode(r.Body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.Token)
	}
	if c.Address != "" {
		req.Header.Set("X-Forwarded-For", c.Address)
	}
	for k, v := range r.Header {
		switch {
		case k == "Host":
			req.Host = v
		case v == "" && k == "User-Agent":
			req.Header[k] = nil // else Go adds its own
		case v == "":
			req.Header.Del(k)
		default:
			req.Header[k] = strings.Split(v, "\n")
		}
	}
	return req, nil
}

func encode(body any) (string, error) {
	switch b := body.(type) {
	case nil:
		return "", nil
	case string:
		return b, nil
	default:
		text, err := json.Marshal(b)
		return string(text), err
	}
}

// Send makes a request and holds the answer to the contract's conventions. It repeats what the
// service refuses as overloaded, which tells of the machine alone. It may be called from any
// goroutine.
func (c *Client) Send(t testing.TB, r Request) Answer {
	t.Helper()
	a, err := c.Try(t.Context(), r)
	for deadline := time.Now().Add(patience); err == nil && a.Problem.Code == "overloaded" && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
		a, err = c.Try(t.Context(), r)
	}
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, r.Path, err)
		return a
	}
	for _, fault := range faults(r, a) {
		t.Errorf("%s %s = %d %s: %s", r.Method, r.Path, a.Status, a.Body, fault)
	}
	return a
}

// Must makes a request that has to end with the status, and decodes the body into out unless it
// is nil.
func (c *Client) Must(t testing.TB, r Request, status int, out any) Answer {
	t.Helper()
	a := c.Send(t, r)
	if a.Status != status {
		t.Fatalf("%s %s = %d %s, want %d", r.Method, r.Path, a.Status, a.Body, status)
	}
	if out != nil {
		if err := json.Unmarshal(a.Body, out); err != nil {
			t.Fatalf("%s %s: %v in %s", r.Method, r.Path, err, a.Body)
		}
	}
	return a
}

// Refuses makes a request that has to end with the status and the code. After the code may stand
// the wrong field and its code: "validation_failed email format".
func (c *Client) Refuses(t testing.TB, r Request, status int, code string) Answer {
	t.Helper()
	a := c.Send(t, r)
	if a.Status != status || a.Problem.Code != code && a.Code() != code {
		t.Errorf("%s %s %v = %d %s, want %d %s", r.Method, r.Path, r.Body, a.Status, a.Body, status, code)
	}
	return a
}

// Object returns a JSON object of names and values in turn.
func Object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	text, _ := json.Marshal(m) // of strings: never fails
	return string(text)
}

// AtOnce runs f n times at once and returns when all have ended.
func AtOnce(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	gate := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-gate
			f(i)
		})
	}
	ready.Wait()
	close(gate)
	done.Wait()
}
