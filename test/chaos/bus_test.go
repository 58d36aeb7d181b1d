package chaos

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"gofiber-auth/test/harness"
)

// The bus is killed, and comes back with its files.
func TestBusKilled(t *testing.T) {
	t.Parallel()
	on(t, "bus killed (SIGKILL) and back", 1, []deployment{sqlite, twoOfThem}, unanswered(0, func(w *world) {
		w.bus.Kill(w)
		w.load.more(changesDuring)
		w.bus.Start(w)
	}))
}

// The bus is killed, and comes back with nothing.
func TestBusWiped(t *testing.T) {
	t.Parallel()
	on(t, "bus killed, its files removed", 1, []deployment{sqlite, twoOfThem}, unanswered(0, func(w *world) {
		w.bus.Kill(w)
		w.load.more(changesDuring)
		w.bus.Wipe(w)
		w.bus.Start(w)
	}))
	on(t, "service killed, the files of its bus removed", 1, []deployment{embedded}, func(w *world) {
		i := w.instances[0]
		i.kill()
		if err := os.RemoveAll(filepath.Join(i.env["DATA_DIR"], "nats")); err != nil {
			w.Fatal(err)
		}
		i.start()
	})
}

// An operator removes messages, or the stream, while all runs.
func TestStreamDisturbed(t *testing.T) {
	t.Parallel()
	deployments := []deployment{sqlite, twoOfThem}
	for _, o := range []struct {
		name string
		act  func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error
	}{
		{"stream purged", func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
			return s.Purge(ctx)
		}},
		{"stream purged but for its last messages", func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
			return s.Purge(ctx, jetstream.WithPurgeKeep(20))
		}},
		{"single messages deleted", func(ctx context.Context, _ jetstream.JetStream, s jetstream.Stream) error {
			last := s.CachedInfo().State.LastSeq
			return errors.Join(s.DeleteMsg(ctx, last/2), s.SecureDeleteMsg(ctx, last/3), s.DeleteMsg(ctx, last))
		}},
		{"stream deleted", func(ctx context.Context, js jetstream.JetStream, _ jetstream.Stream) error {
			return js.DeleteStream(ctx, streamName)
		}},
		{"stream deleted and made anew by an operator", func(ctx context.Context, js jetstream.JetStream, s jetstream.Stream) error {
			err := js.DeleteStream(ctx, streamName)
			if err == nil {
				_, err = js.CreateOrUpdateStream(ctx, s.CachedInfo().Config)
			}
			return err
		}},
	} {
		on(t, o.name, 1, deployments, unanswered(0, func(w *world) {
			ctx, cancel := context.WithTimeout(w.Context(), harness.Patience)
			defer cancel()
			s, err := w.witness.js.Stream(ctx, streamName)
			if err != nil {
				w.Fatal(err)
			}
			r := Removal{At: time.Now(), Grace: bound(noticed)}
			if err := o.act(ctx, w.witness.js, s); err != nil {
				w.Fatal(err)
			}
			if info, err := w.witness.info(); err == nil && info.Created.Equal(s.CachedInfo().Created) {
				r.Last = info.State.LastSeq
			}
			w.removals = append(w.removals, r)
			w.load.more(changesDuring)
		}))
	}
}

// The bus has no room left, and gets more.
func TestBusIsFull(t *testing.T) {
	t.Parallel()
	for name, grow := range map[string]func(w *world){
		"bus full, its room grows": func(w *world) { w.bus.Reload(w) },
		"bus full, started again with more room": func(w *world) {
			w.bus.Kill(w)
			w.bus.Start(w)
		},
	} {
		on(t, name, 1, []deployment{sqlite, twoOfThem}, unanswered(0, func(w *world) {
			const left = 10_000 // bytes, for some thirty events
			info := w.stream()
			before := w.said(noRoom)
			w.bus.Kill(w)
			w.bus.MaxStore = strconv.FormatUint(info.State.Bytes+left, 10)
			w.bus.Start(w)
			w.untilSaid(noRoom, before)
			w.load.more(changesDuring)
			w.bus.MaxStore = ""
			grow(w)
		}))
	}
}
