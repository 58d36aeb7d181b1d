package client

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"sync"
)

// Secrets holds what must never stand in a log, a metric, an error, a URL or the database. Clients
// add the tokens that they see.
var Secrets secrets

// tail is the length of a secret's end by which it is looked up. Access tokens begin alike.
const tail = 16

type secrets struct {
	mu     sync.Mutex
	byTail map[string][]secret
}

type secret struct{ what, value string }

// Add remembers secrets. Shorter ones than 16 characters are no secrets, and are ignored.
func (s *secrets) Add(what string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		s.add(what, v)
		// A column of bytes would hold a token in one of these forms.
		if raw, err := base64.RawURLEncoding.DecodeString(v); err == nil && len(raw) >= tail {
			s.add(what+" in bytes", hex.EncodeToString(raw))
			s.add(what+" in hex", hex.EncodeToString([]byte(v)))
			s.add(what+" in base64", base64.StdEncoding.EncodeToString([]byte(v)))
		}
	}
}

func (s *secrets) add(what, value string) {
	if len(value) < tail {
		return
	}
	value = strings.ToLower(value)
	key := value[len(value)-tail:]
	if s.byTail == nil {
		s.byTail = map[string][]secret{}
	}
	s.byTail[key] = append(s.byTail[key], secret{what, value})
}

// Found names the secrets that a text holds, in any case of letters.
func (s *secrets) Found(text string) (found []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = strings.ToLower(text)
	for end := tail; end <= len(text); end++ {
		for _, one := range s.byTail[text[end-tail:end]] {
			if strings.HasSuffix(text[:end], one.value) {
				found = append(found, "it holds the "+one.what+" "+one.value)
			}
		}
	}
	return found
}
