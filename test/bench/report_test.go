package main

import (
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
