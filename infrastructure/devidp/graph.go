package devidp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// graphFault is an error as Facebook's Graph API writes it.
type graphFault struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    int    `json:"code"`
	Subcode int    `json:"error_subcode,omitempty"`
	Trace   string `json:"fbtrace_id"`
}

func (g graphFault) write(w http.ResponseWriter, status int) {
	g.Trace = "A" + newToken()[:22]
	writeJSON(w, status, map[string]any{"error": g})
}

// appSecretProof is what shows that a call comes from the application itself.
func appSecretProof(token, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// graphFields returns the names in a list such as id,name,picture.width(200){url,width}, without
// what is said of each. Without a list it is what Graph gives unasked.
func graphFields(list string) (names []string) {
	if list == "" {
		return []string{"id", "name"}
	}
	depth, start := 0, 0
	for i, r := range list + "," {
		switch r {
		case '(', '{':
			depth++
		case ')', '}':
			depth--
		case ',':
			if depth == 0 {
				name := list[start:i]
				if end := strings.IndexAny(name, ".({"); end >= 0 {
					name = name[:end]
				}
				names, start = append(names, name), i+1
			}
		}
	}
	return names
}
