package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

const probesPerSecond = 50

// storm measures log-ins beside bare bcrypt, and how long GET /users/me takes meanwhile. The
// yardstick of the latter is a route of another process that does nothing: it waits for the
// machine alone. Its probes run beside bare bcrypt too, for they cost log-ins otherwise.
func (l *lab) storm(ctx context.Context) ([]row, error) {
	var logIns, p50, p99 series
	for range l.rounds {
		l.noise.sample(ctx)
		bare, err := l.bareBcrypt(ctx)
		if err != nil {
			return nil, err
		}
		l.noise.sample(ctx)
		rate, probes, control, err := l.stormOnce(ctx)
		if err != nil {
			return nil, err
		}
		logIns.add(rate, bare)
		p50.add(percentile(probes, 50), percentile(control, 50))
		p99.add(percentile(probes, 99), percentile(control, 99))
	}
	return []row{
		logIns.row(fmt.Sprintf("log-ins, %d storming / bare bcrypt", connections), "/s").atLeast(0.95),
		p50.row(fmt.Sprintf("GET /users/me at %d/s in that storm / idle route: p50", probesPerSecond), "ms"),
		p99.row("  p99", "ms").atMost(5),
	}, nil
}

// stormOnce has as many clients as connections log in again and again.
func (l *lab) stormOnce(ctx context.Context) (logIns float64, probes, control []time.Duration, err error) {
	w := newWindow(l.duration)
	var wg sync.WaitGroup
	var errs [3]error
	wg.Go(func() {
		logIns, errs[0] = closedLoop(ctx, l.service.address, w, func(i int) *fasthttp.Request { return l.service.logIn(l.users[i]) })
	})
	wg.Go(func() {
		probes, errs[1] = openLoop(ctx, l.service.address, w, probesPerSecond, func(i int) *fasthttp.Request {
			return l.service.me(l.users[i%len(l.users)])
		})
	})
	wg.Go(func() { control, errs[2] = l.probeIdle(ctx, w) })
	wg.Wait()
	return logIns, probes, control, cmp.Or(errs[:]...)
}

// probeIdle probes the route that does nothing.
func (l *lab) probeIdle(ctx context.Context, w window) ([]time.Duration, error) {
	return openLoop(ctx, l.bare.address, w, probesPerSecond, func(int) *fasthttp.Request {
		return newRequest(l.bare.address, "GET", "/hello", "", nil)
	})
}

// bareBcrypt returns the comparisons per second of a process that does nothing else.
func (l *lab) bareBcrypt(ctx context.Context) (perSecond float64, err error) {
	p, err := l.yardstick("bcrypt", "DURATION="+l.duration.String())
	if err != nil {
		return 0, err
	}
	_, err = l.probeIdle(ctx, newWindow(l.duration))
	if err = errors.Join(err, p.wait(ctx)); err != nil {
		return 0, errors.Join(err, p.stop())
	}
	output, err := os.ReadFile(p.log)
	if err != nil {
		return 0, err
	}
	return perSecond, json.Unmarshal(output, &perSecond)
}
