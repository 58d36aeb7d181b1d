package hashing

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

// alphabets are runes that NFC leaves alone, so that one for another is another password.
var alphabets = map[string][]rune{
	"ascii":    []rune(" !\"#$%&'()*+,-./0123456789:;<=>?@ABCXYZ[\\]^_`abcxyz{|}~"),
	"thai":     []rune("กขคงจฉชซญฎฏฐณดตถทนบปผพฟมยรลวศษสหอฮะาเแโใไ๐๑๒๓๔๕๖๗๘๙"),
	"cyrillic": []rune("абвгдежзиклмнопрстуфхцчшщъыьэюя"),
	"han":      []rune("天地玄黄宇宙洪荒日月盈昃辰宿列张"),
	"emoji":    []rune("😀😁😂🤣😃😄😅🐘🐙🐚🐛🐜🐝"),
}

func TestEveryCharacterCounts(t *testing.T) {
	t.Parallel()
	s := newScheme(bcrypt.MinCost)
	for name, letters := range alphabets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			r := rand.New(rand.NewPCG(seed, 0))
			for range 12 {
				password := make([]rune, 8+r.IntN(121))
				for i := range password {
					password[i] = letters[r.IntN(len(letters))]
				}
				hash := mustHash(t, s, string(password))
				if ok, stale := s.verify(hash, string(password)); !ok || stale {
					t.Fatalf("seed %d: the password itself = %v, stale %v", seed, ok, stale)
				}
				for what, other := range map[string]string{
					"one character changed": replaceOne(r, password, r.IntN(len(password)), letters),
					"the last one changed":  replaceOne(r, password, len(password)-1, letters),
					"the last one missing":  string(password[:len(password)-1]),
					"one more":              string(password) + string(letters[0]),
				} {
					if ok, _ := s.verify(hash, other); ok {
						t.Errorf("seed %d: a password of %d characters matches with %s", seed, len(password), what)
					}
				}
			}
		})
	}
}

// replaceOne returns password with another letter at place i.
func replaceOne(r *rand.Rand, password []rune, i int, letters []rune) string {
	other := append([]rune(nil), password...)
	for other[i] == password[i] {
		other[i] = letters[r.IntN(len(letters))]
	}
	return string(other)
}

func TestLongPasswords(t *testing.T) {
	t.Parallel()
	s := newScheme(bcrypt.MinCost)
	for name, p := range map[string]struct{ password, other string }{
		"129 bytes":                  {strings.Repeat("a", 128) + "b", strings.Repeat("a", 128) + "c"},
		"128 Thai code points":       {strings.Repeat("ก", 127) + "ข", strings.Repeat("ก", 127) + "ค"},
		"a tone mark at the end":     {strings.Repeat("น", 100) + "น้", strings.Repeat("น", 100) + "น่"},
		"64 KiB":                     {strings.Repeat("x", 1<<16) + "y", strings.Repeat("x", 1<<16) + "z"},
		"a NUL is not the end":       {"password\x00one", "password\x00two"},
		"nor where it repeats":       {"password", "password\x00password"},
		"empty is a password of its": {"", " "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hash := mustHash(t, s, p.password)
			if ok, _ := s.verify(hash, p.password); !ok {
				t.Error("the password itself does not match")
			}
			if ok, _ := s.verify(hash, p.other); ok {
				t.Error("the other one matches")
			}
		})
	}
}

func TestOnePasswordInTwoUnicodeForms(t *testing.T) {
	t.Parallel()
	s := newScheme(bcrypt.MinCost)
	for _, password := range []string{"café society", "Ångström units", "한국어 비밀번호", "Tiếng Việt đẹp"} {
		composed, decomposed := norm.NFC.String(password), norm.NFD.String(password)
		if composed == decomposed {
			t.Fatalf("%q has one form only", password)
		}
		if ok, stale := s.verify(mustHash(t, s, composed), decomposed); !ok || stale {
			t.Errorf("%q: set composed, typed decomposed = %v, stale %v", password, ok, stale)
		}
		if ok, stale := s.verify(mustHash(t, s, decomposed), composed); !ok || stale {
			t.Errorf("%q: set decomposed, typed composed = %v, stale %v", password, ok, stale)
		}
	}
}

func TestHashes(t *testing.T) {
	t.Parallel()
	s := newScheme(bcrypt.MinCost)
	one, two := mustHash(t, s, "correct horse"), mustHash(t, s, "correct horse")
	if one == two {
		t.Error("one password twice gives one hash: the salt is missing")
	}
	if len(one) > 255 {
		t.Errorf("a hash has %d characters, its column 255", len(one))
	}
	if bcrypt.CompareHashAndPassword([]byte(one), []byte("correct horse")) == nil {
		t.Error("plain bcrypt takes the hash for its own")
	}
}

// A hash once stored has to verify for good: this one was made elsewhere, from the recipe of
// docs/adr/0001 in Python and libxcrypt. It holds the key, the forms and the encoding still.
func TestStoredHashesStayValid(t *testing.T) {
	t.Parallel()
	const hash = "$nfc-hmac-sha384$2a$05$abcdefghijklmnopqrstuuH8ssvJ0lThaIt0DPAeUWEPFgfJ6mPDm"
	if ok, stale := newScheme(5).verify(hash, "cafe\u0301 ☕ รหัสผ่าน"); !ok || stale {
		t.Errorf("verify() = %v, stale %v, want true, false", ok, stale)
	}
}

// The hashes of libxcrypt 4.4, as PHP, Python and other systems would hand them over.
const thaiOver72Bytes = "รหัสผ่านของฉันยาวกว่าเจ็ดสิบสองไบต์แน่นอน"

func TestImportedHashes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hash, password string
		ok             bool
	}{
		"2a":                     {"$2a$05$abcdefghijklmnopqrstuuPbUg9UsDQncScdxIjvsgjkb6a8Y5/aS", thaiOver72Bytes, true},
		"2b":                     {"$2b$05$abcdefghijklmnopqrstuuPbUg9UsDQncScdxIjvsgjkb6a8Y5/aS", thaiOver72Bytes, true},
		"2y":                     {"$2y$05$abcdefghijklmnopqrstuuPbUg9UsDQncScdxIjvsgjkb6a8Y5/aS", thaiOver72Bytes, true},
		"today's cost":           {"$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS", "correct horse battery", true},
		"as typed, not NFC":      {"$2y$05$CCCCCCCCCCCCCCCCCCCCC.x0R0rQDnPy82oDIoaruvRKHvWok4oZ2", "cafe\u0301 society", true},
		"NFC is another":         {"$2y$05$CCCCCCCCCCCCCCCCCCCCC.x0R0rQDnPy82oDIoaruvRKHvWok4oZ2", "caf\u00e9 society", false},
		"wrong password":         {"$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS", "correct horse buttery", false},
		"its repetition by NUL":  {"$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS", "correct horse battery\x00correct horse battery", false},
		"digest without prefix":  {strings.TrimPrefix(mustHash(t, newScheme(4), "correct horse"), prefix), "correct horse", false},
		"prefix on a plain hash": {prefix + "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS", "correct horse battery", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ok, stale := newScheme(bcrypt.MinCost).verify(c.hash, c.password)
			if ok != c.ok || stale != c.ok {
				t.Errorf("verify() = %v, stale %v, want both %v", ok, stale, c.ok)
			}
		})
	}
}

func TestAnotherCostIsStale(t *testing.T) {
	t.Parallel()
	low, high := newScheme(4), newScheme(5)
	for name, c := range map[string]struct {
		made, asked scheme
		stale       bool
	}{
		"lower": {low, high, true}, "higher": {high, low, true}, "the same": {high, high, false},
	} {
		ok, stale := c.asked.verify(mustHash(t, c.made, "correct horse"), "correct horse")
		if !ok || stale != c.stale {
			t.Errorf("%s: verify() = %v, stale %v, want true, %v", name, ok, stale, c.stale)
		}
	}
}

// malformed are hashes that no password matches, not even "correct horse battery".
func malformed(t *testing.T) map[string]string {
	own := mustHash(t, newScheme(bcrypt.MinCost), "correct horse battery")
	plain := "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS"
	return map[string]string{
		"no password":           "",
		"prefix alone":          prefix,
		"cut short":             own[:len(own)-1],
		"something behind it":   own + "x",
		"plain, something more": plain + "x",
		"two prefixes":          prefix + own,
		"buggy 2x":              strings.Replace(plain, "2b", "2x", 1),
		"first bcrypt":          strings.Replace(plain, "$2b$", "$2$", 1),
		"unknown letter":        strings.Replace(plain, "2b", "2c", 1),
		"not base64":            strings.Replace(plain, "abc", "a$c", 1),
		"cost of three":         strings.Replace(plain, "$04$", "$03$", 1),
		"cost of days":          strings.Replace(plain, "$04$", "$31$", 1),
		"cost is no number":     strings.Replace(plain, "$04$", "$+4$", 1),
		"MD5":                   "5f4dcc3b5aa765d61d8327deb882cf99",
		"argon2":                "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaiFzV",
		"the password itself":   "correct horse battery",
	}
}

func TestMalformedHashesMatchNothing(t *testing.T) {
	t.Parallel()
	s := newScheme(bcrypt.MinCost)
	for name, hash := range malformed(t) {
		for _, password := range []string{"correct horse battery", ""} {
			if ok, stale := s.verify(hash, password); ok || stale {
				t.Errorf("%s: verify(%q) = %v, stale %v", name, password, ok, stale)
			}
		}
	}
}

// A client must not learn from the time whether a user is there, has a password, or came
// from elsewhere. Time is unsteady, so this counts the rounds of bcrypt.
func TestAMismatchCostsTheSameForEveryHash(t *testing.T) {
	t.Parallel()
	const cost = 6
	hashes := malformed(t)
	hashes["today's cost"] = mustHash(t, newScheme(cost), "correct horse battery")
	hashes["lower cost"] = mustHash(t, newScheme(bcrypt.MinCost), "correct horse battery")
	hashes["imported, lower cost"] = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS"
	for name, hash := range hashes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rounds := 0
			s := newScheme(cost)
			s.compare = func(hash, secret []byte) error {
				err := bcrypt.CompareHashAndPassword(hash, secret)
				if !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
					t.Errorf("bcrypt answers at once: %v", err)
				}
				c, _ := bcrypt.Cost(hash)
				rounds += 1 << c
				return err
			}
			if ok, stale := s.verify(hash, "incorrect horse"); ok || stale {
				t.Errorf("verify() = %v, stale %v", ok, stale)
			}
			if rounds != 1<<cost {
				t.Errorf("%d rounds of bcrypt, want %d", rounds, 1<<cost)
			}
		})
	}
}

// What is taken for a bcrypt hash must be one for the library too, or its refusal would come
// at once and tell a client that the hash is malformed.
func FuzzParseBcrypt(f *testing.F) {
	f.Add("")
	f.Add("$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS")
	f.Add("$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoO=")
	f.Fuzz(func(t *testing.T, hash string) {
		cost, err := parseBcrypt(hash)
		if err != nil {
			return
		}
		if want, err := bcrypt.Cost([]byte(hash)); err != nil || cost != want {
			t.Errorf("parseBcrypt(%q) = %d, the library says %d, %v", hash, cost, want, err)
		}
		if cost > bcrypt.MinCost {
			return // slow
		}
		if err := bcrypt.CompareHashAndPassword([]byte(hash), nil); err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
			t.Errorf("the library cannot compare with %q: %v", hash, err)
		}
	})
}

func mustHash(t testing.TB, s scheme, password string) string {
	t.Helper()
	hash, err := s.hash(password)
	if err != nil {
		t.Fatalf("hash: %v", err)
	}
	return hash
}
