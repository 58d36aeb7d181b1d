package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"gofiber-auth/application/serviceimpl"
	"gofiber-auth/domain"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
	"gofiber-auth/pkg/metrics"
)

func (t *tool) events(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("events needs status or replay: %w", errMisuse)
	}
	switch args[0] {
	case "status":
		return t.eventsStatus(ctx, args[1:])
	case "replay":
		return t.replayEvents(ctx, args[1:])
	default:
		return fmt.Errorf("there is no command events %q: %w", args[0], errMisuse)
	}
}

func (t *tool) eventsStatus(ctx context.Context, args []string) error {
	rest, err := parse(newFlags("events status"), args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("events status takes no arguments: %w", errMisuse)
	}
	return t.withCore(ctx, func(core *di.Core, cfg config.Config) error {
		status, err := core.EventsStatus(ctx, cfg)
		if err != nil {
			return err
		}
		return t.print(status, statusText(status))
	})
}

func statusText(s di.EventsStatus) string {
	var lines []string
	line := func(name, format string, args ...any) {
		lines = append(lines, fmt.Sprintf("%-19s", name)+fmt.Sprintf(format, args...))
	}
	line("pending", "%d", s.Pending)
	if s.Oldest != nil {
		line("oldest", "%s, %s ago", s.Oldest.Format(time.RFC3339), time.Since(*s.Oldest).Round(time.Second))
	}
	if last := s.LastPublished; last == nil {
		line("last acknowledged", "none that is kept")
	} else {
		lost := ""
		if last.Lost {
			lost = ", in a stream that is gone"
		}
		line("last acknowledged", "%s, sequence %d%s", last.At.Format(time.RFC3339), last.Sequence, lost)
	}
	line("stream", "%s, %s", s.Stream.Name, s.Stream.Status)
	if !s.Stream.Created.IsZero() {
		line("", "made %s, %d messages, sequences %d to %d", s.Stream.Created.Format(time.RFC3339),
			s.Stream.Messages, s.Stream.First, s.Stream.Last)
		line("", "%d bytes, %d consumers, %d replicas", s.Stream.Bytes, s.Stream.Consumers, s.Stream.Replicas)
	}
	return strings.Join(lines, "\n")
}

// replay is what the flags of events replay say.
type replay struct {
	selection repositories.Selection
	rate      int
}

func parseReplay(args []string) (replay, error) {
	flags := newFlags("events replay")
	var r replay
	flags.StringVar(&r.selection.UserID, "user", "", "")
	since := flags.String("since", "", "")
	all := flags.Bool("all", false, "")
	flags.IntVar(&r.rate, "rate", 0, "")
	rest, err := parse(flags, args)
	if err != nil {
		return r, err
	}
	given, chosen := map[string]bool{}, 0
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, choice := range []bool{r.selection.UserID != "", *since != "", *all} {
		if choice {
			chosen++
		}
	}
	if chosen != 1 || len(rest) > 0 {
		return r, fmt.Errorf("events replay needs one of --user ID, --since TIME and --all: %w", errMisuse)
	}
	if given["rate"] && r.rate < 1 {
		return r, fmt.Errorf("--rate is how many events a second, at least 1: %w", errMisuse)
	}
	if *since != "" {
		if r.selection.Since, err = parseTime(*since); err != nil {
			return r, err
		}
	}
	return r, nil
}

// parseTime reads a time, or how long ago it was.
func parseTime(s string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	if at, err := time.Parse(time.DateOnly, s); err == nil {
		return at, nil
	}
	if ago, err := time.ParseDuration(s); err == nil && ago > 0 {
		return time.Now().Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("--since wants a time such as 2026-11-23T20:04:05Z, a day such as 2026-11-23 or an age such as 36h: %w", errMisuse)
}

func (t *tool) replayEvents(ctx context.Context, args []string) error {
	r, err := parseReplay(args)
	if err != nil {
		return err
	}
	return t.withCore(ctx, func(core *di.Core, cfg config.Config) error {
		stop, err := core.RelayMeanwhile(ctx, cfg, t.log(), metrics.New(version))
		if err != nil {
			return err
		}
		replay, begun := core.Replay(), time.Now()
		done, err := replay.Requeue(ctx, r.selection, r.rate)
		if errors.Is(err, domain.ErrNotFound) {
			err = fmt.Errorf("there is neither a user nor an event of one with the id %q", r.selection.UserID)
		}
		if err == nil {
			_ = core.Announce(ctx) // a service that does not hear it looks by itself
			err = replay.AwaitPublished(ctx, begun)
		}
		if err = errors.Join(err, stop()); err != nil && !errors.Is(err, serviceimpl.ErrNotPublished) {
			return err
		}
		text := fmt.Sprintf("published again: %d events, and %d users as they are now", done.Events, done.States)
		if err != nil {
			text = fmt.Sprintf("on the queue: %d events, and %d users as they are now", done.Events, done.States)
		}
		return errors.Join(t.print(done, text), err)
	})
}
