package hashing

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A bcrypt hash is "$2b$12$", 22 characters of salt and 31 of digest.
const (
	bcryptHeader = len("$2b$12$")
	bcryptBody   = 22 + 31
	bcryptDigits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

var errNotBcrypt = errors.New("not a bcrypt hash of a known kind")

// parseBcrypt returns the cost of a bcrypt hash of the kinds 2a, 2b and 2y, which are one
// for passwords that fit. The library is more lenient: it computes 2x, whose makers had a
// bug of their own, and whatever else as if it were 2a, and overlooks what follows the hash.
func parseBcrypt(hash string) (cost int, err error) {
	if len(hash) != bcryptHeader+bcryptBody {
		return 0, errNotBcrypt
	}
	switch hash[:4] {
	case "$2a$", "$2b$", "$2y$":
	default:
		return 0, errNotBcrypt
	}
	digits, err := strconv.ParseUint(hash[4:6], 10, 0) // takes no sign
	cost = int(digits)                                 //nolint:gosec // of two digits
	if err != nil || cost < minCost || cost > maxCost || hash[6] != '$' {
		return 0, errNotBcrypt
	}
	if strings.Trim(hash[bcryptHeader:], bcryptDigits) != "" { // something else is in it
		return 0, errNotBcrypt
	}
	return cost, nil
}

// decoy returns a well-formed hash whose comparison takes the time of the given cost. It is
// written, not computed: nobody needs to know a password of it, and its result is not looked at.
func decoy(cost int) []byte {
	return fmt.Appendf(nil, "$2a$%02d$%s", cost, strings.Repeat(".", bcryptBody))
}
