package chaos

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gofiber-auth/pkg/userevents"
	"gofiber-auth/test/harness"
)

const (
	password       = "correct horse battery staple"
	requestTimeout = 15 * time.Second
)

// load is clients that register, change and delete users, and remember what they were told.
// It rests until start.
type load struct {
	t       testing.TB
	client  *http.Client
	targets func() []string // where the instances are
	admin   func() string   // an admin's token

	mu       sync.Mutex
	requests []Request

	acknowledged atomic.Int64
	lost         atomic.Int64 // answers
	names        atomic.Int64

	clients []*client
	stopped atomic.Bool
	running sync.WaitGroup
}

// account is a user of a client.
type account struct {
	id, token, email, username string

	doubt bool // an answer about it was lost: it may be gone
}

// client changes users that are its own, so that it knows what to expect.
type client struct {
	*load

	accounts []*account
	pace     <-chan time.Time
}

func newClient(l *load) *client { return &client{load: l, pace: time.Tick(10 * time.Millisecond)} }

func newLoad(t testing.TB, clients int) *load {
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * clients}
	t.Cleanup(transport.CloseIdleConnections)
	l := &load{t: t, client: &http.Client{Transport: transport, Timeout: requestTimeout}}
	for range clients {
		l.clients = append(l.clients, newClient(l))
	}
	return l
}

// start lets all clients work until stop.
func (l *load) start() {
	l.stopped.Store(false)
	for _, c := range l.clients {
		l.running.Go(c.work)
	}
}

// stop returns when the last request has its answer.
func (l *load) stop() {
	l.stopped.Store(true)
	l.running.Wait()
}

// more waits until so many more changes are acknowledged.
func (l *load) more(n int) { l.reach(&l.acknowledged, n, "changes are acknowledged") }

// moreLost waits until so many more answers are lost.
func (l *load) moreLost(n int) { l.reach(&l.lost, n, "answers are lost") }

func (l *load) reach(counter *atomic.Int64, n int, what string) {
	l.t.Helper()
	goal := counter.Load() + int64(n)
	harness.Within(l.t, time.Minute, what, func() error {
		if now := counter.Load(); now < goal {
			return fmt.Errorf("%d of %d", now, goal)
		}
		return nil
	})
}

// all returns the requests so far.
func (l *load) all() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Request(nil), l.requests...)
}

// work makes requests of all kinds, about a hundred in a second.
func (c *client) work() {
	for !c.stopped.Load() {
		<-c.pace
		if len(c.accounts) == 0 {
			c.register()
			continue
		}
		i := mathrand.IntN(len(c.accounts))
		a, gone := c.accounts[i], false
		switch dice := mathrand.IntN(100); {
		case dice < 30:
			c.register()
		case dice < 37:
			c.create()
		case dice < 60:
			gone = c.rename(a)
		case dice < 70:
			gone = c.renameTwiceAtOnce(a)
		case dice < 80:
			gone = c.move(a)
		case dice < 90:
			gone = c.changeNothing(a)
		default:
			gone = c.remove(a)
		}
		if gone {
			c.accounts = append(c.accounts[:i], c.accounts[i+1:]...)
		}
	}
}

func (c *client) name() string { return fmt.Sprintf("user-%d", c.names.Add(1)) }

func (c *client) register() *account {
	name := c.name()
	a := &account{email: name + "@example.com", username: name}
	var answer struct {
		Token string
		User  struct{ ID string }
	}
	outcome := c.send(call{
		Request: Request{Action: userevents.Created, Email: a.email, Username: name},
		method:  http.MethodPost, path: "/api/v1/auth/register", answer: &answer, id: &answer.User.ID,
		body: map[string]any{"email": a.email, "username": name, "password": password},
	})
	if outcome != Acknowledged {
		return nil
	}
	a.id, a.token = answer.User.ID, answer.Token
	c.accounts = append(c.accounts, a)
	return a
}

// create has the admin make a user, whom nobody touches again.
func (c *client) create() {
	name := c.name()
	var answer struct{ ID string }
	c.send(call{
		Request: Request{Action: userevents.Created, Email: name + "@example.com", Username: name},
		method:  http.MethodPost, path: "/api/v1/users", token: c.admin(), answer: &answer, id: &answer.ID,
		body: map[string]any{"email": name + "@example.com", "username": name},
	})
}

// rename and its like report whether the account is gone.
func (c *client) rename(a *account) bool {
	name := c.name()
	return c.about(a, call{
		Request: Request{Action: userevents.Updated, Username: name},
		method:  http.MethodPatch, path: "/api/v1/users/me", body: map[string]any{"username": name},
	})
}

// renameTwiceAtOnce makes two changes of one user race, on two instances where there are two.
func (c *client) renameTwiceAtOnce(a *account) bool {
	var first, second bool
	var both sync.WaitGroup
	other := *a
	both.Go(func() { first = c.rename(a) })
	both.Go(func() { second = c.rename(&other) })
	both.Wait()
	a.doubt = a.doubt || other.doubt
	return first || second
}

// move changes the e-mail address.
func (c *client) move(a *account) bool {
	email := c.name() + "@example.com"
	return c.about(a, call{
		Request: Request{Action: userevents.Updated, Email: email},
		method:  http.MethodPatch, path: "/api/v1/users/me", body: map[string]any{"email": email, "currentPassword": password},
	})
}

// changeNothing makes a request after which the user's identity is what it was.
func (c *client) changeNothing(a *account) bool {
	return c.about(a, call{
		method: http.MethodPatch, path: "/api/v1/users/me", body: map[string]any{"displayName": c.name(), "avatar": nil},
	})
}

func (c *client) remove(a *account) bool {
	return c.about(a, call{
		Request: Request{Action: userevents.Deleted},
		method:  http.MethodDelete, path: "/api/v1/users/me", body: map[string]any{"currentPassword": password},
		gone: true,
	})
}

// call is a request with how to make it.
type call struct {
	Request

	method, path, token string
	body                map[string]any
	answer              any
	id                  *string // of the user, in the answer
	gone                bool    // when it is acknowledged, so is the user
	mayFail             bool
}

// about makes a call about an account, and reports whether the account is gone.
func (c *client) about(a *account, r call) bool {
	r.UserID, r.token, r.mayFail = a.id, a.token, a.doubt
	switch c.send(r) {
	case Acknowledged:
		return r.gone
	case Unknown:
		a.doubt = a.doubt || r.gone
		return false
	default: // if it is gone, that was not acknowledged
		return a.doubt
	}
}

// send makes a request on one of the instances and remembers its outcome. What never left
// because nobody took the connection is sent again.
func (c *client) send(r call) Outcome {
	r.ID = rand.Text()
	r.Begun = time.Now()
	for {
		status, body, err := c.exchange(r)
		if dial := (*net.OpError)(nil); errors.As(err, &dial) && dial.Op == "dial" {
			if c.stopped.Load() {
				return Unknown // it was never made
			}
			<-c.pace
			continue
		}
		r.Ended = time.Now()
		switch {
		case err != nil || status >= 500:
			r.Outcome = Unknown
		case status >= 400:
			r.Outcome = Refused
		default:
			r.Outcome = Acknowledged
			if r.answer != nil && json.Unmarshal(body, r.answer) != nil {
				c.t.Errorf("%s %s = %d with an answer that is not JSON: %s", r.method, r.path, status, body)
			}
			if r.id != nil {
				r.UserID = *r.id
			}
		}
		c.remember(r.Request)
		if r.Outcome == Refused && !r.mayFail {
			c.t.Errorf("%s %s %v = %d %s", r.method, r.path, r.body, status, body)
		}
		return r.Outcome
	}
}

func (l *load) remember(r Request) {
	l.mu.Lock()
	l.requests = append(l.requests, r)
	l.mu.Unlock()
	switch {
	case r.Outcome == Acknowledged && r.Action != "":
		l.acknowledged.Add(1)
	case r.Outcome == Unknown:
		l.lost.Add(1)
	}
}

func (l *load) exchange(r call) (status int, body []byte, err error) {
	targets := l.targets()
	if len(targets) == 0 {
		return 0, nil, &net.OpError{Op: "dial", Err: errors.New("nobody is there")}
	}
	content, err := json.Marshal(r.body)
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, targets[mathrand.IntN(len(targets))]+r.path, bytes.NewReader(content))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Request-ID", r.ID)
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	res, err := l.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}
