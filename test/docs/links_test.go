// Package docs holds the documentation to what is there.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	mention = regexp.MustCompile(`(?:^|[ (])(docs/[A-Za-z0-9_./-]*[A-Za-z0-9])`)
)

// Every relative link in a Markdown file and every file of docs that a comment in the code
// names is there.
func TestLinks(t *testing.T) {
	t.Parallel()
	links := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules" || d.Name() == "swagger-ui"):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		var targets []string
		switch filepath.Ext(path) {
		case ".md":
			for _, m := range link.FindAllStringSubmatch(read(t, path), -1) {
				if !strings.Contains(m[1], "://") {
					targets = append(targets, filepath.Join(filepath.Dir(path), m[1]))
				}
			}
		case ".go":
			for line := range strings.Lines(read(t, path)) {
				if _, comment, found := strings.Cut(line, "//"); found && !strings.Contains(comment, "://") {
					for _, m := range mention.FindAllStringSubmatch(comment, -1) {
						targets = append(targets, filepath.Join(root, m[1]))
					}
				}
			}
		}
		for _, target := range targets {
			links++
			found, err := filepath.Glob(target + "*") // a comment may name an ADR by its number
			if err != nil || len(found) == 0 {
				t.Errorf("%s: there is no %s", path, target)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if links < 20 {
		t.Errorf("only %d links were found", links)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
