package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	function = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	proof    = regexp.MustCompile(`^([\w-]+)\.(Test\w+)(?:/(.+))?$`)
	promised = regexp.MustCompile(`^issue (1[1-9]|20)$`)
)

// Every row of promises.md names tests that there are, or the issue that will bring them.
func TestEveryPromiseHasATest(t *testing.T) {
	t.Parallel()
	sources := testSources(t)
	proved, open := 0, 0
	for line := range strings.Lines(read(t, filepath.Join(root, "docs/promises.md"))) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 4 || strings.HasPrefix(cells[1], "-") || strings.TrimSpace(cells[2]) == "proved by" {
			continue
		}
		promise := strings.TrimSpace(cells[1])
		for name := range strings.SplitSeq(cells[2], ",") {
			name = strings.TrimSpace(name)
			test := proof.FindStringSubmatch(name)
			switch {
			case promised.MatchString(name):
				open++
			case test == nil:
				t.Errorf("%s: %q is neither package.TestName nor an issue", promise, name)
			default:
				text, found := sources[test[1]+"."+test[2]]
				if !found || !strings.Contains(text, test[3]) {
					t.Errorf("%s: there is no %s", promise, name)
				}
				proved++
			}
		}
	}
	if proved == 0 {
		t.Error("no promise was read")
	}
	t.Logf("%d tests are named; %d promises wait for an issue", proved, open)
}

// testSources returns the file of each test, by the last folder of its package and its name.
func testSources(t *testing.T) map[string]string {
	t.Helper()
	sources := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text := read(t, path)
		for _, name := range function.FindAllStringSubmatch(text, -1) {
			sources[filepath.Base(filepath.Dir(path))+"."+name[1]] = text
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}
