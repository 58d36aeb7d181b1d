package serviceimpl

import (
	_ "embed"
	"strings"
	"sync"
)

// commonPasswords is, of the 10,000 most common passwords by the frequency lists of zxcvbn
// 4.4.2 and of zxcvbn-ts language-common 3.0.4 (both MIT), those long enough to be chosen
// here; one a line.
//
//go:embed common_passwords.txt
var commonPasswords string

var commonPasswordSet = sync.OnceValue(func() map[string]struct{} {
	set := make(map[string]struct{}, strings.Count(commonPasswords, "\n"))
	for line := range strings.Lines(commonPasswords) {
		set[strings.TrimSuffix(line, "\n")] = struct{}{}
	}
	return set
})

// isCommonPassword reports whether the password is among the first that are guessed: one of
// the list, in any case, or one of the patterns that the list leaves out.
func isCommonPassword(password string) bool {
	password = strings.ToLower(password)
	_, common := commonPasswordSet()[password]
	return common || isCommonPattern(password)
}

// longestPattern is how long a pattern is at most that everybody thinks of: "1234567890".
const longestPattern = 10

// isCommonPattern reports whether the password is a run ("87654321", "abcdefgh") or a few digits
// or letters repeated ("12121212", "asdasdasd"). zxcvbn finds these by rule, so they are not in
// its lists, though they are among the most common passwords of all.
func isCommonPattern(password string) bool {
	if len(password) > longestPattern {
		return false
	}
	longestUnit := 5
	if strings.Trim(password, "0123456789") != "" {
		longestUnit = 3
		if strings.Trim(password, "abcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	for n := 1; n <= longestUnit; n++ {
		if strings.HasPrefix(strings.Repeat(password[:n], len(password)), password) {
			return true
		}
	}
	return isRun(password, 1) || isRun(password, -1)
}

// isRun reports whether each character follows the one before by step; 0 follows 9.
func isRun(s string, step int) bool {
	for i := 1; i < len(s); i++ {
		next := int(s[i-1]) + step
		switch {
		case s[i-1] == '9' && step == 1:
			next = '0'
		case s[i-1] == '0' && step == -1:
			next = '9'
		}
		if int(s[i]) != next {
			return false
		}
	}
	return true
}
