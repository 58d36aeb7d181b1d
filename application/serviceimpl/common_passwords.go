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

func isCommonPassword(password string) bool {
	_, common := commonPasswordSet()[password]
	return common
}
