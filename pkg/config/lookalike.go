package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// LookAlike is a variable that is set and resembles one of ours.
type LookAlike struct {
	Variable  string `json:"variable"`
	Resembles string `json:"resembles"`
}

// kubernetes is what Kubernetes puts into every pod for each service in its namespace.
var kubernetes = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// LookAlikes returns which of the names are none of ours and resemble one, in their order.
func LookAlikes(names []string) []LookAlike {
	r := &reader{getenv: func(string) string { return "" }, seen: map[string]string{}}
	r.config()
	ours := slices.Sorted(maps.Keys(r.seen))
	var found []LookAlike
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if _, known := r.seen[name]; known || kubernetes.MatchString(name) {
			continue
		}
		if i := slices.IndexFunc(ours, func(our string) bool { return resembles(strings.ToUpper(name), our) }); i >= 0 {
			found = append(found, LookAlike{name, ours[i]})
		}
	}
	return found
}

// resembles reports whether a name is another one with a slip of the hand in it: two of them in a
// long one, letters in another order, or the other case.
func resembles(name, our string) bool {
	slips := 1
	if len(our) >= 10 {
		slips = 2
	}
	return distance(name, our) <= slips || sorted(name) == sorted(our)
}

func sorted(s string) string {
	letters := []byte(s)
	slices.Sort(letters)
	return string(letters)
}

// distance returns the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
