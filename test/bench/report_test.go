package main

import (
	"strings"
	"testing"
	"time"
)

// A round in which the machine was slow for both sides leaves the ratio what it is.
func TestRatioIsOfTheRounds(t *testing.T) {
	t.Parallel()
	var s series
	s.add(80, 100)
	s.add(8, 10)
	s.add(90, 100)
	got := s.row("requests", "/s").atLeast(0.75)
	if got.Ours != 80 || got.Yardstick != 100 || got.Ratio != 0.8 || got.Lowest != 0.8 || got.Highest != 0.9 {
		t.Errorf("row = %+v", got)
	}
	if got.Met == nil || !*got.Met {
		t.Error("a ratio of 0.8 misses the target 0.75")
	}
	if missed := got.atLeast(0.85); *missed.Met {
		t.Error("a ratio of 0.8 meets the target 0.85")
	}
}

func TestTableSaysWhatMissedAndWhetherToBelieveIt(t *testing.T) {
	t.Parallel()
	var requests, latency series
	requests.add(6, 10)
	latency.add(3.14159, 0)
	r := report{CPUs: 2, OthersBusy: 0.42, Rows: []row{requests.row("requests", "/s").atLeast(0.75), latency.row("latency", "ms").atMost(5)}}
	var out strings.Builder
	if err := r.writeTable(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ratio ≥ 0.75  miss", "3.14 ms", "≤ 5 ms        ok", "42 % of them busy"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, out.String())
		}
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := 100; i > 0; i-- {
		times = append(times, time.Duration(i)*time.Millisecond)
	}
	if p50, p99 := percentile(times, 50), percentile(times, 99); p50 != 50 || p99 != 99 {
		t.Errorf("of 1 to 100 ms, p50 = %v and p99 = %v", p50, p99)
	}
	if got := percentile(nil, 99); got != 0 {
		t.Errorf("of nothing, p99 = %v", got)
	}
}
