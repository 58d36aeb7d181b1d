// Command mutants measures what the tests notice: it plants the faults of mutants.txt, one at a
// time, and runs the tests that could find it until one fails. The tree is never touched: Go's
// -overlay replaces the file, also in the programs that tests build. docs/testing.md tells more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

var (
	only     = flag.String("only", "", "judge the mutants of these names or numbers, comma-separated")
	list     = flag.Bool("list", false, "list the mutants with the packages of their tests, and run nothing")
	packages = flag.String("packages", "", "run the tests of these packages alone, such as pkg/di,test/e2e")
	blackBox = flag.Bool("black-box", true, "run the black-box tests on what the tests in process miss")
	results  = flag.String("results", ".cache/mutants.txt", "the file of verdicts; a mutant that has one keeps it")
)

// The verdicts.
const (
	caught    = "caught by "
	inProcess = "passed the tests in process"
	survived  = "SURVIVED"
)

const atOnce = 2 // mutants

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	mutants, unfit := load()
	tests, err := findTests(ctx)
	if err = errors.Join(unfit, err); err != nil {
		return err
	}
	if wanted := strings.Split(*only, ","); *only != "" {
		mutants = slices.DeleteFunc(mutants, func(m mutant) bool {
			return !slices.Contains(wanted, m.name) && !slices.Contains(wanted, strconv.Itoa(m.number))
		})
	}
	if *list {
		for _, m := range mutants {
			fmt.Println(m, strings.Join(slices.Concat(tests.inProcess(m), tests.blackBox(m)), " "))
		}
		return nil
	}
	known, err := read()
	if err != nil {
		return err
	}
	err = known.judge(ctx, mutants, "", inProcess, tests.inProcess)
	if *blackBox && *packages == "" {
		fmt.Println("black box:", strings.Join(tests.blackBox(mutant{}), " "), "(never browser, chaos, bench, deploy, node, openid)")
		err = errors.Join(err, known.judge(ctx, mutants, inProcess, survived, tests.blackBox))
	}
	known.summarize(mutants)
	return errors.Join(err, ctx.Err())
}

// verdicts are what is known of mutants, by their names.
type verdicts map[string]string

// read returns what earlier runs found; of several verdicts on a mutant the last counts.
func read() (verdicts, error) {
	known := verdicts{}
	text, err := os.ReadFile(*results)
	if errors.Is(err, os.ErrNotExist) {
		err = os.MkdirAll(filepath.Dir(*results), 0o750)
	}
	for line := range strings.Lines(string(text)) {
		name, verdict, _ := strings.Cut(strings.TrimSpace(line), "\t")
		known[name] = verdict
	}
	return known, err
}

// judge runs tests on the mutants with a verdict. Those that are not caught get the next one.
func (v verdicts) judge(ctx context.Context, mutants []mutant, verdict, next string, packages func(mutant) []string) (failure error) {
	due := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return v[m.name] != verdict })
	var mu sync.Mutex
	var wg sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for _, m := range due {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			now := next
			by, err := catch(ctx, m, packages(m))
			if by != "" {
				now = caught + by
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				err = v.note(m, now)
			}
			failure = errors.Join(failure, err)
		})
	}
	wg.Wait()
	return failure
}

// note prints and keeps a verdict.
func (v verdicts) note(m mutant, verdict string) error {
	fmt.Println(m, verdict)
	v[m.name] = verdict
	file, err := os.OpenFile(*results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s\t%s\n", m.name, verdict)
	return errors.Join(err, file.Close())
}

// summarize prints what is not caught, and how many of each layer are.
func (v verdicts) summarize(mutants []mutant) {
	all, found := map[string]int{}, map[string]int{}
	for _, m := range mutants {
		layer, _, _ := strings.Cut(m.path, "/")
		one := 0
		if strings.HasPrefix(v[m.name], caught) {
			one = 1
		} else {
			fmt.Println("not caught:", m, v[m.name])
		}
		all[layer], found[layer] = all[layer]+1, found[layer]+one
		all["total"], found["total"] = all["total"]+1, found["total"]+one
	}
	for _, layer := range slices.Sorted(maps.Keys(all)) {
		fmt.Printf("%s: %d of %d caught\n", layer, found[layer], all[layer])
	}
}
