package main

import (
	"context"
	"fmt"

	"github.com/valyala/fasthttp"
)

// me measures GET /users/me beside a route that verifies the same token, makes one query by
// primary key with as many connections to the same database, and answers in JSON.
func (l *lab) me(ctx context.Context) ([]row, error) {
	var requests series
	for range l.rounds {
		l.noise.sample(ctx)
		bare, err := closedLoop(ctx, l.bare.address, newWindow(l.duration), func(i int) *fasthttp.Request {
			return newRequest(l.bare.address, "GET", "/me-pgx", l.users[i].token, nil)
		})
		if err != nil {
			return nil, err
		}
		l.noise.sample(ctx)
		ours, err := closedLoop(ctx, l.service.address, newWindow(l.duration), func(i int) *fasthttp.Request {
			return l.service.me(l.users[i])
		})
		if err != nil {
			return nil, err
		}
		requests.add(ours, bare)
	}
	return []row{requests.row(fmt.Sprintf("GET /users/me, %d connections / bare /me-pgx", connections), "/s").atLeast(0.75)}, nil
}
