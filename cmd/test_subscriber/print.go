package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"gofiber-auth/pkg/userevents"
)

const timeFormat = "2006-01-02T15:04:05.000000Z07:00"

// printer prints events. It calls broken when it cannot, and keeps why.
type printer struct {
	out    io.Writer
	show   func(userevents.Event) string
	broken func()
	err    error
}

func (p *printer) print(_ context.Context, e userevents.Event) error {
	if _, err := io.WriteString(p.out, p.show(e)); err != nil {
		p.err = err
		p.broken()
		return err
	}
	return nil
}

// line is an event for people.
func line(e userevents.Event) string {
	return fmt.Sprintf("%s %s v%d %s %s %s #%d\n",
		e.Time.Format(timeFormat), e.Action, e.Version, e.UserID, e.Email, e.Username, e.StreamSequence)
}

// object is an event for programs.
func object(e userevents.Event) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	// Strings, numbers and a time of our era: nothing that JSON cannot hold.
	_ = enc.Encode(struct {
		Time           time.Time         `json:"time"`
		Action         userevents.Action `json:"action"`
		Version        int64             `json:"version"`
		ID             string            `json:"id"`
		Email          string            `json:"email"`
		Username       string            `json:"username"`
		StreamSequence uint64            `json:"streamSequence"`
		EventID        string            `json:"eventId"`
		RequestID      string            `json:"requestId,omitempty"`
	}{e.Time, e.Action, e.Version, e.UserID, e.Email, e.Username, e.StreamSequence, e.ID, e.RequestID})
	return b.String()
}

// notes tells people how the reading goes, each thing once until the next time that it goes
// well.
type notes struct {
	out io.Writer

	mu   sync.Mutex
	told map[string]bool
}

// ready says that events come from now on.
func (n *notes) ready(o options) {
	n.tell(fmt.Sprintf("reading stream %s as %s; Ctrl-C ends", o.stream, o.durable), true)
}

// waiting says why the bus cannot be reached.
func (n *notes) waiting(err error) {
	n.tell("waiting for the event bus: "+err.Error(), false)
}

// database says why the database of the copy cannot be used.
func (n *notes) database(err error) {
	n.tell("waiting for the database: "+err.Error(), false)
}

// progress says what was done, each time.
func (n *notes) progress(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintln(n.out, "test_subscriber:", text)
}

// report says what the consumer has to report.
func (n *notes) report(err error) {
	switch {
	case errors.Is(err, userevents.ErrBusAway):
		n.tell("waiting for the event bus", false)
	case errors.Is(err, userevents.ErrNoStream):
		n.tell("waiting for the stream, which the auth service makes: "+err.Error(), false)
	case errors.Is(err, userevents.ErrMissed):
		n.progress(err.Error())
	case errors.Is(err, userevents.ErrMalformed):
		n.tell("skipped: "+err.Error(), false)
	default:
		n.tell("trying again: "+err.Error(), false)
	}
}

// tell writes a note, and forgets those before it if it says that all is well.
func (n *notes) tell(text string, wellAgain bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if wellAgain {
		n.told = nil
	}
	if n.told[text] {
		return
	}
	if n.told == nil {
		n.told = make(map[string]bool)
	}
	n.told[text] = !wellAgain
	fmt.Fprintln(n.out, "test_subscriber:", text)
}
