package redis

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redis/go-redis/v9"
)

// chunk is how many changes go to Redis at once.
const chunk = 200

// Each change is one script, done wholly or not at all, on the session's key and the mark of its
// end. A session is never shortened: of two changes the later may come first.
const (
	liveScript = `
if redis.call('EXISTS', KEYS[2]) == 0 and redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
	redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 0`
	endScript = `
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], '', 'PX', ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 0`
)

func (l *LiveSessions) key(id string) string     { return l.Prefix + ":session:" + id }
func (l *LiveSessions) endMark(id string) string { return l.Prefix + ":session-ended:" + id }

// channel is where the end of each session is announced.
func (l *LiveSessions) channel() string { return l.Prefix + ":sessions:ended" }

// completeMark says that the copy was complete once, and that Redis has kept it since.
func (l *LiveSessions) completeMark() string { return l.Prefix + ":sessions:copied" }

// flush writes what waits. What could not be written waits again.
func (l *LiveSessions) flush(ctx context.Context) error {
	changes, written := l.take()
	defer close(written)
	if len(changes) == 0 {
		return nil
	}
	n, err := l.write(ctx, changes)
	l.giveBack(changes[n:])
	l.note(ctx, err)
	return err
}

// write writes changes and returns how many of them, from the first, are in Redis for sure.
func (l *LiveSessions) write(ctx context.Context, changes []copied) (done int, err error) {
	for done < len(changes) {
		part := changes[done:min(done+chunk, len(changes))]
		err := l.client.call(ctx, "copy sessions", func(ctx context.Context) error {
			_, err := l.client.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
				for _, c := range part {
					l.put(ctx, p, c)
				}
				return nil
			})
			return err
		})
		if err != nil {
			l.Metrics.SessionCopies.WithLabelValues("failed").Add(float64(len(part)))
			return done, err
		}
		l.Metrics.SessionCopies.WithLabelValues("written").Add(float64(len(part)))
		done += len(part)
	}
	return done, nil
}

func (l *LiveSessions) put(ctx context.Context, p redis.Pipeliner, c copied) {
	keys := []string{l.key(c.id), l.endMark(c.id)}
	if c.ended {
		p.Eval(ctx, endScript, keys, (l.TokenLifetime + tokenMargin).Milliseconds(), l.channel(), announcement(c))
		return
	}
	// Pipelines of nothing are fine, so what is over by now just stays out.
	if left := time.Until(c.until).Milliseconds(); left > 0 {
		p.Eval(ctx, liveScript, keys, c.userID, left)
	}
}

func announcement(c copied) []byte {
	text, _ := json.Marshal(struct { // strings: it cannot fail
		SID    string `json:"sid"`
		UserID string `json:"userId"`
	}{c.id, c.userID})
	return text
}
