package hashing

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	benchCost  = 10
	stormers   = 32
	stormTime  = 4 * time.Second
	probeEvery = 5 * time.Millisecond
)

// BenchmarkThroughput reports how many verifications a pool under storm does, as a part of
// what bare bcrypt does with as many goroutines as the pool has workers. The two take turns.
func BenchmarkThroughput(b *testing.B) {
	hash := mustHash(b, newScheme(benchCost), "correct horse")
	var bare, pooled float64
	for b.Loop() {
		bare += rate(usableCPUs(), func(context.Context) {
			_ = bcrypt.CompareHashAndPassword([]byte(hash[len(prefix):]), []byte("correct horse"))
		}, time.Sleep)
		p := New(Options{Cost: benchCost})
		pooled += rate(stormers, func(ctx context.Context) { _, _, _ = p.Verify(ctx, hash, "correct horse") }, time.Sleep)
		p.Close()
	}
	b.ReportMetric(bare/float64(b.N), "bare/s")
	b.ReportMetric(pooled/float64(b.N), "pool/s")
	b.ReportMetric(pooled/bare, "pool/bare")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkStorm reports how long a request that hashes nothing takes while 32 others
// verify passwords, counted from when it was due.
func BenchmarkStorm(b *testing.B) {
	hash := mustHash(b, newScheme(benchCost), "correct horse")
	for _, way := range []struct {
		name string
		open func() (verify func(context.Context), end func())
	}{
		{"pool", func() (func(context.Context), func()) {
			p := New(Options{Cost: benchCost})
			return func(ctx context.Context) { _, _, _ = p.Verify(ctx, hash, "correct horse") }, p.Close
		}},
		{"semaphore", func() (func(context.Context), func()) {
			places := make(chan struct{}, usableCPUs())
			s := newScheme(benchCost)
			return func(context.Context) {
				places <- struct{}{}
				s.verify(hash, "correct horse")
				<-places
			}, func() {}
		}},
		{"unbounded", func() (func(context.Context), func()) {
			s := newScheme(benchCost)
			return func(context.Context) { s.verify(hash, "correct horse") }, func() {}
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			var took []time.Duration
			var verified float64
			for b.Loop() {
				verify, end := way.open()
				verified += rate(stormers, verify, func(d time.Duration) { took = append(took, probe(b, d)...) })
				end()
			}
			slices.Sort(took)
			b.ReportMetric(verified/float64(b.N), "verified/s")
			b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
			b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
			b.ReportMetric(took[len(took)-1].Seconds()*1e3, "max-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// rate has n goroutines call f over and over and returns the calls per second that ended
// during stormTime, for which it calls wait.
func rate(n int, f func(context.Context), wait func(time.Duration)) float64 {
	ctx, cancel := context.WithCancel(context.Background())
	var calls atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for ctx.Err() == nil {
				f(ctx)
				calls.Add(1)
			}
		})
	}
	time.Sleep(500 * time.Millisecond) // the first round is uneven
	calls.Store(0)
	begin := time.Now()
	wait(stormTime)
	per := float64(calls.Load()) / time.Since(begin).Seconds()
	cancel()
	wg.Wait()
	return per
}

// probe sends a small request over loopback at a steady pace for d, whatever became of
// those before, and returns how long each took from when it was due.
func probe(b *testing.B, d time.Duration) []time.Duration {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				buffer := make([]byte, 256)
				for {
					n, err := c.Read(buffer)
					if err != nil {
						return
					}
					if _, err := c.Write(buffer[:n]); err != nil {
						return
					}
				}
			})
		}
	})

	took := make([]time.Duration, d/probeEvery)
	begin := time.Now()
	var probes sync.WaitGroup
	for i := range took {
		due := begin.Add(time.Duration(i) * probeEvery)
		time.Sleep(time.Until(due))
		probes.Go(func() {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			buffer := make([]byte, 256)
			if _, err := c.Write(buffer); err != nil {
				b.Error(err)
			}
			if _, err := c.Read(buffer); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(due)
		})
	}
	probes.Wait()
	l.Close()
	wg.Wait()
	return took
}
