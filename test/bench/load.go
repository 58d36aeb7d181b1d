package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	connections = 32          // of a closed loop
	warmUp      = time.Second // before anything is counted
	patience    = 30 * time.Second
)

// window is the time within which answers count.
type window struct{ from, to time.Time }

// newWindow begins after the warm-up and lasts d.
func newWindow(d time.Duration) window {
	from := time.Now().Add(warmUp)
	return window{from: from, to: from.Add(d)}
}

func (w window) holds(t time.Time) bool { return !t.Before(w.from) && t.Before(w.to) }

func newClient(address string) *fasthttp.HostClient {
	return &fasthttp.HostClient{
		Addr: address, MaxConns: 1024, ReadTimeout: patience, WriteTimeout: patience,
		MaxIdemponentCallAttempts: 1, // a request that fails is a failure
		NoDefaultUserAgentHeader:  true,
	}
}

// newRequest returns a request of JSON, or of no body where that is nil.
func newRequest(address, method, path, token string, body []byte) *fasthttp.Request {
	r := new(fasthttp.Request)
	r.Header.SetMethod(method)
	r.SetRequestURI("http://" + address + path)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		r.Header.SetContentType("application/json")
		r.SetBodyRaw(body)
	}
	return r
}

// exchange sends a request. Every answer but 200 and 201 is an error.
func exchange(c *fasthttp.HostClient, request *fasthttp.Request, response *fasthttp.Response) error {
	if err := c.Do(request, response); err != nil {
		return fmt.Errorf("%s %s: %w", request.Header.Method(), request.URI().Path(), err)
	}
	if s := response.StatusCode(); s != http.StatusOK && s != http.StatusCreated {
		return fmt.Errorf("%s %s: %d %.200s", request.Header.Method(), request.URI().Path(), s, response.Body())
	}
	return nil
}

// closedLoop keeps connections busy: each sends the next request when the last is answered.
// It returns the answers per second within the window. request makes the one request of each
// connection.
func closedLoop(ctx context.Context, address string, w window, request func(connection int) *fasthttp.Request) (perSecond float64, err error) {
	client := newClient(address)
	defer client.CloseIdleConnections()
	var answers atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, connections)
	for i := range connections {
		wg.Go(func() {
			var response fasthttp.Response
			mine := request(i)
			for errs[i] == nil && ctx.Err() == nil && time.Now().Before(w.to) {
				errs[i] = exchange(client, mine, &response)
				if w.holds(time.Now()) {
					answers.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return float64(answers.Load()) / w.to.Sub(w.from).Seconds(), cmp.Or(append(errs, ctx.Err())...)
}

// openLoop sends requests at a steady rate, whatever becomes of those before, and returns how
// long each took from when it was due: a server that stalls is charged for all who wait.
func openLoop(ctx context.Context, address string, w window, perSecond int, request func(i int) *fasthttp.Request) ([]time.Duration, error) {
	client := newClient(address)
	defer client.CloseIdleConnections()
	begin := w.from.Add(-warmUp / 2) // those before the window open the connections
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		took []time.Duration
		errs []error
	)
	for i := 0; ctx.Err() == nil; i++ {
		due := begin.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		if !due.Before(w.to) {
			break
		}
		next := request(i)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			var response fasthttp.Response
			err := exchange(client, next, &response)
			late := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
			}
			if w.holds(due) {
				took = append(took, late)
			}
		})
	}
	wg.Wait()
	return took, cmp.Or(append(errs, ctx.Err())...)
}
