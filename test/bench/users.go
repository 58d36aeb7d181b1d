package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/valyala/fasthttp"
)

const (
	cost     = 10 // of bcrypt, the service's and the yardstick's
	password = "correct horse battery staple"
)

// user is somebody who is registered and bears a token.
type user struct {
	email string
	token string
}

// register registers n users at once.
func (s *service) register(ctx context.Context, n int) ([]user, error) {
	client := newClient(s.address)
	defer client.CloseIdleConnections()
	users, errs := make([]user, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { users[i], errs[i] = s.registerOne(client, i) })
	}
	wg.Wait()
	return users, cmp.Or(append(errs, ctx.Err())...)
}

func (s *service) registerOne(client *fasthttp.HostClient, i int) (user, error) {
	u := user{email: fmt.Sprintf("user%d@example.com", i)}
	body := fmt.Appendf(nil, `{"email":%q,"username":"user%d","password":%q,"displayName":"Some Body"}`, u.email, i, password)
	var response fasthttp.Response
	if err := exchange(client, newRequest(s.address, http.MethodPost, "/api/v1/auth/register", "", body), &response); err != nil {
		return user{}, err
	}
	var grant struct{ Token string }
	if err := json.Unmarshal(response.Body(), &grant); err != nil {
		return user{}, fmt.Errorf("register: %w", err)
	}
	u.token = grant.Token
	return u, nil
}

// logIn is a request that logs u in.
func (s *service) logIn(u user) *fasthttp.Request {
	return newRequest(s.address, http.MethodPost, "/api/v1/auth/login", "", fmt.Appendf(nil, `{"email":%q,"password":%q}`, u.email, password))
}

// me is a request for who bears u's token.
func (s *service) me(u user) *fasthttp.Request {
	return newRequest(s.address, http.MethodGet, "/api/v1/users/me", u.token, nil)
}

// rename is a request that gives u another username, which makes an event.
func (s *service) rename(u user, username string) *fasthttp.Request {
	return newRequest(s.address, http.MethodPatch, "/api/v1/users/me", u.token, fmt.Appendf(nil, `{"username":%q}`, username))
}
