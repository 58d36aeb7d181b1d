package breach

import (
	"bufio"
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const (
	restSize      = 40 - prefixSize // hex digits of a SHA-1 that the answer has
	longestLine   = 128
	longestAnswer = 1 << 20 // bytes; that of Have I Been Pwned has 40,000
)

var (
	errTooLong = errors.New("ask for stolen passwords: the answer is too long")
	errNoRange = errors.New("ask for stolen passwords: the answer is no list of hashes")
)

// search reads lines of "REST:COUNT" to their end and reports whether rest is among them with a
// count other than 0, which padding has. Whether and where it stands makes no difference to what
// is done.
func search(body io.Reader, rest string) (bool, error) {
	limited := &io.LimitedReader{R: body, N: longestAnswer + 1}
	lines := bufio.NewScanner(limited)
	lines.Buffer(make([]byte, 0, longestLine), longestLine)
	found := 0
	for lines.Scan() {
		line := bytes.ToUpper(bytes.TrimSpace(lines.Bytes()))
		if len(line) == 0 {
			continue
		}
		hash, count, _ := bytes.Cut(line, []byte(":"))
		n, err := strconv.ParseUint(string(count), 10, 64)
		if err != nil || len(hash) != restSize || len(bytes.Trim(hash, "0123456789ABCDEF")) > 0 {
			return false, errNoRange
		}
		counts := 1
		if n == 0 {
			counts = 0
		}
		found |= subtle.ConstantTimeCompare(hash, []byte(rest)) & counts
	}
	switch err := lines.Err(); {
	case limited.N <= 0:
		return false, errTooLong
	case errors.Is(err, bufio.ErrTooLong):
		return false, errNoRange
	case err != nil:
		return false, fmt.Errorf("ask for stolen passwords: %w", err)
	}
	return found == 1, nil
}
