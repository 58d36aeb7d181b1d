package serviceimpl

import (
	"context"
	"sync"
	"time"

	"gofiber-auth/domain/repositories"
)

// tenure is a worker's hold on a lease, which it renews now and then. It goes by the clock of
// the process that nobody sets, as intervals within a process should.
type tenure struct {
	leases       repositories.Leases
	name, holder string
	ttl, renewal time.Duration

	renewAt time.Time
	term    context.Context // nil while another instance has the lease
	end     context.CancelFunc
	until   time.Time   // when the term ends where the lease is not renewed
	over    *time.Timer // which then does
}

// newTenure returns the tenure of a worker on a lease, which it does not have yet. An empty
// holder is the only one that there can be.
func newTenure(leases repositories.Leases, name, holder string) *tenure {
	return &tenure{leases: leases, name: name, holder: holder, ttl: relayLeaseTTL, renewal: relayRenewal, end: func() {}}
}

// lease is what has to be the holder's when something is written.
func (t *tenure) lease() repositories.Lease {
	if t.holder == "" {
		return repositories.Lease{}
	}
	return repositories.Lease{Name: t.name, Holder: t.holder}
}

// keep renews the lease, which the worker must have, until stop is called. The context that it
// returns ends with ctx and with the lease.
func (t *tenure) keep(ctx context.Context) (kept context.Context, stop func()) {
	kept, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(t.term, cancel)
	if !time.Now().Before(t.until) { // a process that was paused gets here before its timers fire
		cancel()
	}
	var renewing sync.WaitGroup
	renewing.Go(func() {
		for {
			wait(kept, t.renewal, nil)
			if kept.Err() != nil {
				return
			}
			if term, err := t.hold(kept); err == nil && term == nil {
				return // the term has ended, and kept with it
			}
		}
	})
	return kept, func() {
		unlink()
		cancel()
		renewing.Wait()
	}
}

// hold takes or renews the lease. It returns a context that ends when the lease does, but not
// with ctx, or nil where another instance has the lease.
func (t *tenure) hold(ctx context.Context) (context.Context, error) {
	begun, lapsed := time.Now(), t.term != nil && t.term.Err() != nil
	if begun.Before(t.renewAt) && !lapsed {
		return t.term, nil
	}
	held, err := t.leases.Acquire(ctx, t.name, t.holder, t.ttl)
	if err != nil {
		return nil, err
	}
	if t.over != nil {
		t.over.Stop()
	}
	switch {
	case !held:
		t.close()
	case t.term == nil || t.term.Err() != nil:
		t.term, t.end = context.WithCancel(context.WithoutCancel(ctx))
	}
	if held {
		t.until = begun.Add(t.ttl)
		t.over = time.AfterFunc(time.Until(t.until), t.end)
	}
	t.renewAt = begun.Add(t.renewal)
	return t.term, nil
}

// close ends the term.
func (t *tenure) close() {
	if t.term != nil {
		t.end()
		t.term = nil
	}
}

// release gives the lease to another instance.
func (t *tenure) release(ctx context.Context) error {
	if t.term == nil {
		return nil
	}
	if err := t.leases.Release(ctx, t.name, t.holder); err != nil {
		return err
	}
	t.over.Stop()
	t.close()
	t.renewAt = time.Time{}
	return nil
}
