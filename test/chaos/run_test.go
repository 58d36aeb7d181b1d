package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gofiber-auth/test/harness"
)

// bound returns how long something may take that the contract bounds. "make test" runs beside so
// much else that it waits for what happens, not for how soon.
func bound(contract time.Duration) time.Duration {
	if *scale > 1 {
		return contract
	}
	return harness.Patience
}

// settleWithin is how long everything may take to be right again when a fault is over: the contract
// gives it 30 s.
func settleWithin() time.Duration { return bound(30 * time.Second) }

// on runs a fault on deployments, so many times in each, under load, and compares everything
// after each time. "make test" runs it once, on the last of them.
func on(t *testing.T, fault string, rounds int, deployments []deployment, do func(w *world)) {
	if *scale == 1 {
		rounds, deployments = 1, deployments[len(deployments)-1:]
	}
	for _, d := range deployments {
		t.Run(fault+"/"+d.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, d)
			for range rounds * *scale {
				w.round(do)
			}
			w.print(fault, d)
		})
	}
}

// unanswered has a fault leave no request without an answer but so many.
func unanswered(most int64, do func(w *world)) func(w *world) {
	return func(w *world) {
		w.Helper()
		lost := w.load.lost.Load()
		do(w)
		if n := w.load.lost.Load() - lost; n > most {
			w.Errorf("%d requests were not answered", n)
		}
	}
}

// round runs a fault once.
func (w *world) round(do func(w *world)) {
	w.Helper()
	w.rounds++
	w.load.start()
	w.load.more(changesBefore * min(*scale, 3))
	do(w)
	over := time.Now()
	w.load.more(changesAfter)
	w.load.stop()
	w.settle(over)

	// Whatever was on its way then has arrived when what comes later has.
	last := w.probe()
	harness.Within(w, settleWithin(), "a later event arrives", func() error { return w.witness.has(last) })
	w.settle(time.Now())
}

// probe registers a user, whom nobody touches again, and returns the id.
func (w *world) probe() string {
	w.Helper()
	a := newClient(w.load).register()
	if a == nil {
		w.Fatal("nobody can register")
	}
	return a.id
}

// note adds something to the line that is printed.
func (w *world) note(format string, args ...any) { w.noted = fmt.Sprintf(format, args...) }

// settle waits until everything is right, at most settleWithin from then on.
func (w *world) settle(since time.Time) {
	w.Helper()
	harness.Within(w, settleWithin()-time.Since(since), "all agree", func() error {
		e, err := w.evidence()
		if err != nil {
			return err
		}
		if faults := e.Faults(); len(faults) > 0 {
			const shown = 20
			return fmt.Errorf("%d faults:\n\t%s", len(faults), strings.Join(faults[:min(len(faults), shown)], "\n\t"))
		}
		w.last = e
		return nil
	})
	w.settled = max(w.settled, time.Since(since))
}

// heading goes above what print prints: together they are a table of docs/reliability.md.
const heading = `| fault | where | times | requests | acknowledged | unknown | events | delivered | again | users | settled within |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
`

// print prints the counts of a test in one line.
func (w *world) print(fault string, d deployment) {
	acknowledged, lost := 0, 0
	for _, r := range w.last.Requests {
		switch r.Outcome {
		case Acknowledged:
			acknowledged++
		case Unknown:
			lost++
		case Refused:
		}
	}
	w.witness.mu.Lock()
	defer w.witness.mu.Unlock()
	fmt.Printf("| %s%s | %s | %d | %d | %d | %d | %d | %d | %d | %d | %.1f s |\n",
		fault, w.noted, d.name, w.rounds, len(w.last.Requests), acknowledged, lost, len(w.last.Stream),
		w.witness.delivered, w.witness.repeats, len(w.last.Table), w.settled.Seconds())
}
