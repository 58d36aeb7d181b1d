package redis

import (
	"strings"
	"testing"
)

// Calls at once see an outage in several ways, which come in turn.
func TestEachWayOfAnOutageIsLoggedOnce(t *testing.T) {
	t.Parallel()
	log := new(logBook)
	c := connect(t, Options{URL: "redis://127.0.0.1:1/0", Log: log.logger()})
	for range 2 {
		for range 50 {
			c.away(t.Context(), "the connection is refused")
			c.away(t.Context(), "no answer in time")
		}
		c.answered(t.Context())
		c.answered(t.Context())
	}
	if away, back := strings.Count(log.String(), "redis is away"), strings.Count(log.String(), "connected to redis"); away != 4 || back != 2 {
		t.Errorf("two outages are logged %d times and their ends %d times, want 4 and 2:\n%s", away, back, log)
	}
}
