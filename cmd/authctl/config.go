package main

import (
	"errors"
	"fmt"
	"strings"

	"gofiber-auth/pkg/config"
	"gofiber-auth/pkg/di"
)

// errFaulty says that config check found something.
var errFaulty = errors.New("the configuration is wrong")

// findings is what config check prints.
type findings struct {
	Faults     config.Faults      `json:"faults"`
	LookAlikes []config.LookAlike `json:"lookAlikes"`
}

func (t *tool) config(args []string) error {
	flags := newFlags("config")
	strict := flags.Bool("strict", false, "")
	rest, err := parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 || rest[0] != "check" {
		return fmt.Errorf("config needs check: %w", errMisuse)
	}
	found := findings{Faults: config.Faults{}, LookAlikes: []config.LookAlike{}}
	found.LookAlikes = append(found.LookAlikes, config.LookAlikes(t.names())...)
	cfg, err := config.Load(t.getenv)
	if err == nil {
		err = di.Check(cfg)
	}
	if err != nil && !errors.As(err, &found.Faults) {
		return err
	}
	if err := t.print(found, found.text()); err != nil {
		return err
	}
	if len(found.Faults) > 0 || *strict && len(found.LookAlikes) > 0 {
		return errFaulty
	}
	return nil
}

func (f findings) text() string {
	var lines []string
	for _, fault := range f.Faults {
		lines = append(lines, fault.Variable+": "+fault.Want)
	}
	for _, l := range f.LookAlikes {
		lines = append(lines, fmt.Sprintf("warning: %s is not read; did you mean %s?", l.Variable, l.Resembles))
	}
	if len(f.Faults) == 0 {
		lines = append(lines, "the configuration is sound")
	}
	return strings.Join(lines, "\n")
}
