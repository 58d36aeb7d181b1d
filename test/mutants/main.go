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

// The verdicts on mutants, as the results have them.
const (
	caught    = "caught by "
	inProcess = "passed the tests in process"
	survived  = "SURVIVED"
)

const atOnce = 2 // mutants

func main() {
	c := campaign{verdicts: map[string]string{}}
	only := flag.String("only", "", "judge the mutants of these names or numbers, comma-separated")
	list := flag.Bool("list", false, "list the mutants with the packages of their tests, and run nothing")
	packages := flag.String("packages", "", "run the tests of these packages only, such as pkg/di,test/e2e")
	blackBox := flag.Bool("black-box", true, "run the black-box tests on what the others miss")
	flag.StringVar(&c.results, "results", ".cache/mutants.txt", "the file of the verdicts; a mutant that has one keeps it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.run(ctx, *only, *packages, *list, *blackBox); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// campaign judges mutants.
type campaign struct {
	results string // the file of verdicts

	mu       sync.Mutex
	verdicts map[string]string // by the mutants' names
}

func (c *campaign) run(ctx context.Context, only, packages string, list, blackBox bool) error {
	mutants, err := load()
	if err != nil {
		return err
	}
	if wanted := strings.Split(only, ","); only != "" {
		mutants = slices.DeleteFunc(mutants, func(m mutant) bool {
			return !slices.Contains(wanted, m.name) && !slices.Contains(wanted, strconv.Itoa(m.number))
		})
	}
	t, err := findTests(ctx)
	if err != nil {
		return err
	}
	if packages != "" {
		t, blackBox = tests{fixed: strings.Split(packages, ",")}, false
	}
	if list {
		for _, m := range mutants {
			fmt.Println(m, strings.Join(slices.Concat(t.inProcess(m), t.blackBox()), " "))
		}
		return nil
	}
	text, err := os.ReadFile(c.results)
	if errors.Is(err, os.ErrNotExist) {
		err = os.MkdirAll(filepath.Dir(c.results), 0o750)
	}
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) { // the last of a mutant counts
		name, verdict, _ := strings.Cut(strings.TrimSpace(line), "\t")
		c.verdicts[name] = verdict
	}
	err = c.judge(ctx, mutants, "", inProcess, t.inProcess)
	if blackBox {
		fmt.Println("black box:", strings.Join(t.blackBox(), " "), "(never browser, chaos, bench, deploy, node, openid)")
		err = errors.Join(err, c.judge(ctx, mutants, inProcess, survived, func(mutant) []string { return t.blackBox() }))
	}
	c.summarize(mutants)
	return errors.Join(err, ctx.Err())
}

// judge runs the tests of packages on the mutants that have a verdict. Those that are not caught
// get the next one.
func (c *campaign) judge(ctx context.Context, mutants []mutant, verdict, next string, packages func(mutant) []string) (failure error) {
	mutants = slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return c.verdicts[m.name] != verdict })
	var wg sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for _, m := range mutants {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			by, err := catch(ctx, m, packages(m))
			c.mu.Lock()
			defer c.mu.Unlock()
			switch {
			case ctx.Err() != nil:
			case err != nil:
				failure = errors.Join(failure, fmt.Errorf("%s: %w", m, err))
			case by != "":
				failure = errors.Join(failure, c.note(m, caught+by))
			default:
				failure = errors.Join(failure, c.note(m, next))
			}
		})
	}
	wg.Wait()
	return failure
}

// note prints and keeps a verdict.
func (c *campaign) note(m mutant, verdict string) error {
	fmt.Println(m, verdict)
	c.verdicts[m.name] = verdict
	file, err := os.OpenFile(c.results, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(m.name + "\t" + verdict + "\n")
	return errors.Join(err, file.Close())
}

// summarize prints what is not caught, and how many of each layer are.
func (c *campaign) summarize(mutants []mutant) {
	all, found := map[string]int{}, map[string]int{}
	for _, m := range mutants {
		layer, _, _ := strings.Cut(m.path, "/")
		verdict := c.verdicts[m.name]
		if !strings.HasPrefix(verdict, caught) {
			fmt.Println("not caught:", m, verdict)
		}
		for _, of := range []string{layer, "total"} {
			all[of]++
			if strings.HasPrefix(verdict, caught) {
				found[of]++
			}
		}
	}
	for _, of := range slices.Sorted(maps.Keys(all)) {
		fmt.Printf("%s: %d of %d caught\n", of, found[of], all[of])
	}
}
