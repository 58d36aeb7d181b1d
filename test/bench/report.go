package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// report is everything that was measured.
type report struct {
	CPUs       int
	OthersBusy float64 // part of the CPUs, 0 to 1, that other processes took meanwhile; -1: unknown
	Rows       []row
}

func newReport() *report { return &report{CPUs: runtime.GOMAXPROCS(0)} }

// row is one thing that was measured. Ours and Yardstick are medians of the rounds; Ratio is
// the median of the rounds' own ratios, so that a slow minute of the machine hits both sides.
type row struct {
	What      string
	Unit      string // of Ours and Yardstick
	Ours      float64
	Yardstick float64 // 0: there is none
	Ratio     float64
	Lowest    float64
	Highest   float64
	Target    string
	Met       *bool // nil: no target
}

// round is one turn of the service and its yardstick.
type round struct {
	Ours      float64
	Yardstick float64
}

// series is the rounds, one after the other.
type series []round

func (s *series) add(ours, yardstick float64) { *s = append(*s, round{ours, yardstick}) }

// row sums up the rounds.
func (s series) row(what, unit string) row {
	var ours, yardstick, ratios []float64
	for _, turn := range s {
		ours = append(ours, turn.Ours)
		if turn.Yardstick > 0 {
			yardstick = append(yardstick, turn.Yardstick)
			ratios = append(ratios, turn.Ours/turn.Yardstick)
		}
	}
	r := row{What: what, Unit: unit, Ours: median(ours)}
	if len(ratios) > 0 {
		r.Yardstick = median(yardstick)
		r.Ratio, r.Lowest, r.Highest = median(ratios), slices.Min(ratios), slices.Max(ratios)
	}
	return r
}

// atLeast sets a target for the ratio.
func (r row) atLeast(ratio float64) row {
	met := r.Ratio >= ratio
	r.Target, r.Met = "ratio ≥ "+strconv.FormatFloat(ratio, 'f', 2, 64), &met
	return r
}

// atMost sets a target for our own value, in the row's unit.
func (r row) atMost(value float64) row {
	met := r.Ours <= value
	r.Target, r.Met = "≤ "+strconv.FormatFloat(value, 'f', -1, 64)+" "+r.Unit, &met
	return r
}

func (r *report) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tours\tyardstick\tratio\tof the rounds\ttarget\t")
	for _, row := range r.Rows {
		yardstick, ratio, rounds, verdict := "", "", "", ""
		if row.Yardstick > 0 {
			yardstick, ratio = quantity(row.Yardstick, row.Unit), fmt.Sprintf("%.2f", row.Ratio)
			rounds = fmt.Sprintf("%.2f–%.2f", row.Lowest, row.Highest)
		}
		if row.Met != nil {
			verdict = map[bool]string{true: "ok", false: "miss"}[*row.Met]
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.What, quantity(row.Ours, row.Unit), yardstick, ratio, rounds, row.Target, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d CPUs; %s\n", r.CPUs, r.trust())
	return err
}

// trust tells how far the ratios can be trusted.
func (r *report) trust() string {
	switch {
	case r.OthersBusy < 0:
		return "how busy other processes kept them is not known here"
	case r.OthersBusy > quiet:
		return fmt.Sprintf("other processes kept %.0f %% of them busy, which spoils the ratios: repeat it when they do not", 100*r.OthersBusy)
	default:
		return fmt.Sprintf("other processes kept %.0f %% of them busy", 100*r.OthersBusy)
	}
}

// quantity is a value with its unit, to three digits or more.
func quantity(v float64, unit string) string {
	digits := 2
	switch {
	case v >= 100:
		digits = 0
	case v >= 10:
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " " + unit
}

// median returns the middle one of the values, or 0 where there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	if middle := len(sorted) / 2; len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
}

// percentile returns, in milliseconds, what p of 100 do not exceed, or 0 where there are none.
func percentile(times []time.Duration, p int) float64 {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return milliseconds(sorted[(len(sorted)*p+99)/100-1]) // the nearest rank
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
