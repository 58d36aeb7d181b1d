package serviceimpl

import (
	"context"
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
	over    *time.Timer // ends the term where the lease is not renewed in time
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
		t.over = time.AfterFunc(t.ttl-time.Since(begun), t.end)
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
