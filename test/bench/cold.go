package main

import (
	"context"
	"fmt"
	"time"
)

// cold measures how long the service takes from its start, on an empty folder with embedded
// database and bus, to its first answer.
func (l *lab) cold(ctx context.Context) ([]row, error) {
	var start series
	for round := range l.rounds {
		l.noise.sample(ctx)
		address, err := freeAddress()
		if err != nil {
			return nil, err
		}
		s, err := l.serve(ctx, fmt.Sprintf("cold%d", round), "NATS_EMBEDDED_ADDR="+address)
		if err != nil {
			return nil, err
		}
		start.add(milliseconds(time.Since(s.begun)), 0)
		if err := s.stop(); err != nil {
			return nil, err
		}
	}
	return []row{start.row("start to first answer, embedded", "ms").atMost(2000)}, nil
}
