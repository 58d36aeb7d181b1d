package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	excerpt = regexp.MustCompile("(?s)```(go|js|sql)\n(.*?)```")
	link    = regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)
)

const storeFolder = "../../pkg/userevents/userstore/"

// TestGuideShowsThisCode proves that every excerpt in SERVICE_INTEGRATION.md stands in a file
// of the examples, word for word, and that what it links to is there.
func TestGuideShowsThisCode(t *testing.T) {
	t.Parallel()
	guide := read(t, "../../SERVICE_INTEGRATION.md")
	found := excerpt.FindAllStringSubmatch(guide, -1)
	if len(found) < 8 {
		t.Errorf("only %d excerpts were found", len(found))
	}
	for _, block := range found {
		language, code := block[1], block[2]
		files, err := filepath.Glob("../*-consumer/*." + language)
		if err != nil {
			t.Fatal(err)
		}
		store, err := filepath.Glob(storeFolder + "*." + language)
		if err != nil {
			t.Fatal(err)
		}
		page, err := filepath.Glob("../frontend/*." + language)
		if err != nil {
			t.Fatal(err)
		}
		files = append(append(files, store...), page...)
		known := false
		for _, file := range files {
			known = known || strings.Contains(read(t, file), code)
		}
		if !known {
			t.Errorf("this stands in none of %v:\n%s", files, code)
		}
	}
	for _, to := range link.FindAllStringSubmatch(guide, -1) {
		if _, err := os.Stat(filepath.Join("../..", to[1])); err != nil {
			t.Errorf("a dead link: %v", err)
		}
	}
}

// The tables of the two examples are the same, but for the position that userstore keeps.
func TestOneSchema(t *testing.T) {
	t.Parallel()
	if read(t, "../node-consumer/schema.sql") != read(t, storeFolder+"schema.sql") {
		t.Error("node-consumer/schema.sql differs from schema.sql of pkg/userevents/userstore")
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
