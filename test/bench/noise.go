package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	settle = 200 * time.Millisecond // after a run, before its processes are idle again
	listen = 400 * time.Millisecond
	quiet  = 0.1 // of the CPUs
)

// noise is how busy the CPUs were before the runs, when nothing of ours had work: what other
// processes took.
type noise struct {
	patience time.Duration // how long to wait for a quiet moment before each run
	samples  []float64
}

// sample waits until our own processes are idle, and others too where there is patience, and
// adds how busy the CPUs then are.
func (n *noise) sample(ctx context.Context) {
	giveUp := time.Now().Add(n.patience)
	for wait := settle; pause(ctx, wait); wait = 0 {
		busy, all, known := cpuTime()
		if !known || !pause(ctx, listen) {
			return
		}
		busyThen, allThen, _ := cpuTime()
		part := (busyThen - busy) / max(allThen-all, 1)
		if part <= quiet || time.Now().After(giveUp) {
			n.samples = append(n.samples, part)
			return
		}
	}
}

// mean returns -1 where nothing could be sampled.
func (n *noise) mean() float64 {
	if len(n.samples) == 0 {
		return -1
	}
	sum := 0.0
	for _, s := range n.samples {
		sum += s
	}
	return sum / float64(len(n.samples))
}

// cpuTime returns the time that all CPUs have been busy and have been there, in ticks. Only
// Linux tells.
func cpuTime() (busy, all float64, ok bool) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	first, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(first)
	if len(fields) < 9 {
		return 0, 0, false
	}
	// cpu user nice system idle iowait irq softirq steal; see proc(5)
	for i, field := range fields[1:9] {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, 0, false
		}
		all += ticks
		if i != 3 && i != 4 {
			busy += ticks
		}
	}
	return busy, all, true
}
