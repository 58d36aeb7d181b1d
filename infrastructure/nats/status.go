package nats

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// StreamStatus is what an operator wants to know of the stream.
type StreamStatus struct {
	Name      string    `json:"name"`
	Status    string    `json:"status"` // "ok", "missing", "differs: …" or "down: …"
	Created   time.Time `json:"created,omitzero"`
	Messages  uint64    `json:"messages"`
	Bytes     uint64    `json:"bytes"`
	First     uint64    `json:"firstSequence"`
	Last      uint64    `json:"lastSequence"`
	Consumers int       `json:"consumers"`
	Replicas  int       `json:"replicas"`
}

// ReadStatus asks the bus for the stream and makes none where there is none. It waits for a
// connection until ctx ends.
func ReadStatus(ctx context.Context, c *Connection, s StreamSettings) StreamStatus {
	status := StreamStatus{Name: s.Name}
	up := make(chan struct{}, 1)
	c.whenUp(func() {
		select {
		case up <- struct{}{}:
		default:
		}
	})
	select {
	case <-up:
	case <-ctx.Done():
		status.Status = "down: not connected"
		return status
	}
	found, err := c.js.Stream(ctx, s.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		status.Status = "missing"
		return status
	case err != nil:
		status.Status = "down: no answer"
		if refusal := apiError(err); refusal != nil {
			status.Status = "down: " + refusal.Description
		}
		return status
	}
	info := found.CachedInfo()
	status.Created, status.Messages, status.Bytes = info.Created, info.State.Msgs, info.State.Bytes
	status.First, status.Last = info.State.FirstSeq, info.State.LastSeq
	status.Consumers, status.Replicas = info.State.Consumers, info.Config.Replicas
	status.Status = "ok"
	if differences := s.differences(info.Config); len(differences) > 0 {
		status.Status = "differs: " + strings.Join(differences, "; ")
	}
	if why := s.unusable(info.Config); why != "" {
		status.Status = "down: " + why
	}
	return status
}
