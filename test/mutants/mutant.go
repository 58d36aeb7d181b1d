package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"
)

//go:embed mutants.txt
var data string

// mutant is a fault that can be planted.
type mutant struct {
	number     int // from 1
	name, path string
	was, is    string // the text in the file, and what takes its place
}

func (m mutant) String() string { return fmt.Sprintf("%2d %s (%s):", m.number, m.name, m.path) }

// load reads mutants.txt. The error names each whose text is not in its file exactly once.
func load() (all []mutant, unfit error) {
	_, blocks, _ := strings.Cut(data, "\n@ ")
	for block := range strings.SplitSeq(blocks, "\n@ ") {
		head, body, _ := strings.Cut(block, "\n")
		name, path, _ := strings.Cut(head, " ")
		m := mutant{number: len(all) + 1, name: name, path: path, was: marked(body, "-"), is: marked(body, "+")}
		_, err := m.planted()
		all, unfit = append(all, m), errors.Join(unfit, err)
	}
	return all, unfit
}

// marked joins the lines that begin with the mark.
func marked(body, mark string) string {
	var lines []string
	for line := range strings.SplitSeq(body, "\n") {
		if text, ok := strings.CutPrefix(line, mark); ok {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}

// planted returns the file with the fault.
func (m mutant) planted() (string, error) {
	text, err := os.ReadFile(m.path)
	if n := strings.Count(string(text), m.was); err == nil && n != 1 {
		err = fmt.Errorf("its text stands there %d times, not once", n)
	}
	if err != nil {
		return "", fmt.Errorf("%s %w", m, err)
	}
	return strings.Replace(string(text), m.was, m.is, 1), nil
}
