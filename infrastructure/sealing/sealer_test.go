package sealing_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
	"testing"

	"gofiber-auth/infrastructure/sealing"
)

const (
	place  = "oauth_providers/01990000-0000-7000-8000-000000000001/access_token"
	secret = "ya29.a0AfH6SMB-not-a-real-token"

	// golden is "secret" sealed for place under a key of 32 sevens.
	golden = "v1.2fd2c4e2b2cd2afb.ldPZQ8j3qgtO91MXELGJPAwogzBdhc-jfgeo9gDiIHTYkQ"
)

func newKey(t testing.TB) []byte {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	return key
}

func newSealer(t testing.TB, keys ...[]byte) *sealing.Sealer {
	t.Helper()
	s, err := sealing.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantOpen(t *testing.T, s *sealing.Sealer, sealed, place, want string) {
	t.Helper()
	if got, err := s.Open(sealed, place); err != nil || string(got) != want {
		t.Errorf("Open() = %q, %v; want %q", got, err, want)
	}
}

func wantShut(t *testing.T, s *sealing.Sealer, sealed, place string, want error) {
	t.Helper()
	got, err := s.Open(sealed, place)
	if err == nil || got != nil || want != nil && !errors.Is(err, want) {
		t.Errorf("Open(%q) = %q, %v; want %v", sealed, got, err, want)
	}
}

func TestWhatIsSealedIsOpenedAsItWas(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKey(t))
	form := regexp.MustCompile(`^v1\.[0-9a-f]{16}\.[A-Za-z0-9_-]{38,}$`)
	for _, text := range []string{secret, "", "\x00\xff", "สมชาย", strings.Repeat("x", 100_000)} {
		sealed := s.Seal([]byte(text), place)
		if !form.MatchString(sealed) {
			t.Errorf("%.60q is sealed as %.80q", text, sealed)
		}
		if !s.IsCurrent(sealed) {
			t.Errorf("what was sealed just now is not current: %.60q", sealed)
		}
		wantOpen(t, s, sealed, place, text)
	}
}

func TestNothingOfTheContentsShows(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	s := newSealer(t, key)
	seen := map[string]bool{}
	for range 1000 {
		sealed := s.Seal([]byte(secret), place)
		parts := strings.Split(sealed, ".")
		raw, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		if nonce := string(raw[:12]); seen[nonce] {
			t.Fatal("a nonce came twice")
		} else {
			seen[nonce] = true
		}
		if len(raw) != 12+len(secret)+16 || bytes.Contains(raw, []byte("ya29")) || strings.Contains(sealed, "ya29") || bytes.Contains(raw, key[:4]) {
			t.Fatalf("sealed text of %d bytes: %s", len(raw), sealed)
		}
	}
}

func TestWhatIsSealedForOnePlaceOpensAtNoOther(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKey(t))
	sealed := s.Seal([]byte(secret), place)
	for _, other := range []string{"", place + "x", place[:len(place)-1], strings.Replace(place, "access", "refresh", 1), strings.ToUpper(place)} {
		wantShut(t, s, sealed, other, sealing.ErrForged)
	}
}

func TestNoBitMayChange(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKey(t))
	sealed := s.Seal([]byte(secret), place)
	for i := range sealed {
		for bit := range 8 {
			changed := []byte(sealed)
			changed[i] ^= 1 << bit
			wantShut(t, s, string(changed), place, nil)
		}
	}
	prefix, encoded := sealed[:len("v1.0123456789abcdef.")], sealed[len("v1.0123456789abcdef."):]
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		wantShut(t, s, prefix+base64.RawURLEncoding.EncodeToString(changed), place, sealing.ErrForged)
		wantShut(t, s, prefix+base64.RawURLEncoding.EncodeToString(raw[:i]), place, sealing.ErrForged)
	}
}

func TestNoTwoTextsAreTheSame(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKey(t))
	sealed := s.Seal([]byte("12"), place) // 30 bytes, so no padding; the next is of 31
	for _, text := range []string{
		"", ".", "..", "v1", "v1.", "v1..", sealed[:20], "v2" + sealed[2:], "V1" + sealed[2:], " " + sealed, sealed + " ", sealed + "\n",
		sealed[:30] + "\r\n" + sealed[30:], sealed + ".", sealed + "=", sealed + "A", strings.ToUpper(sealed), secret, "a.b.c",
	} {
		wantShut(t, s, text, place, nil)
	}
	odd := s.Seal([]byte("123"), place)
	wantShut(t, s, odd+"=", place, sealing.ErrForm)
	for last := range 256 { // whose unused bits would not matter to a lenient decoder
		if other := odd[:len(odd)-1] + string(rune(last)); other != odd {
			wantShut(t, s, other, place, nil)
		}
	}
}

func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	old, next := newKey(t), newKey(t)
	before, between, after := newSealer(t, old), newSealer(t, next, old), newSealer(t, next)
	sealed := before.Seal([]byte(secret), place)
	wantOpen(t, between, sealed, place, secret)
	wantShut(t, after, sealed, place, sealing.ErrUnknownKey)
	if between.IsCurrent(sealed) || after.IsCurrent(sealed) || !before.IsCurrent(sealed) {
		t.Error("IsCurrent() goes by another key than that which seals")
	}
	anew := between.Seal([]byte(secret), place)
	wantOpen(t, after, anew, place, secret)
	wantShut(t, before, anew, place, sealing.ErrUnknownKey)
	if !between.IsCurrent(anew) || !after.IsCurrent(anew) {
		t.Error("what was sealed anew is not current")
	}
	// A key's name does not make a text of another key its own.
	renamed := anew[:3] + sealed[3:19] + anew[19:]
	wantShut(t, between, renamed, place, sealing.ErrForged)
	for _, text := range []string{"", "v1", "v1.", secret, strings.ToUpper(anew), strings.Replace(anew, "v1", "v2", 1)} {
		if between.IsCurrent(text) {
			t.Errorf("%q is current", text)
		}
	}
	wantOpen(t, newSealer(t, next, old, next), sealed, place, secret)
}

// So that what was sealed by this version can be opened by the next ones.
func TestTheFormStays(t *testing.T) {
	t.Parallel()
	s := newSealer(t, bytes.Repeat([]byte{7}, 32))
	wantOpen(t, s, golden, place, "secret")
}

func TestKeysHave32Bytes(t *testing.T) {
	t.Parallel()
	good := newKey(t)
	for name, keys := range map[string][][]byte{
		"none": nil, "empty": {nil}, "16": {good[:16]}, "24": {good[:24]}, "31": {good[:31]}, "33": {append(bytes.Clone(good), 1)}, "a short second": {good, good[:16]},
	} {
		if s, err := sealing.New(keys...); err == nil || s != nil {
			t.Errorf("%s: New() = %v, %v", name, s, err)
		}
	}
}

func TestErrorsTellNothing(t *testing.T) {
	t.Parallel()
	s := newSealer(t, newKey(t))
	sealed := s.Seal([]byte(secret), place)
	for _, text := range []string{secret, sealed[:len(sealed)-2], "v1." + secret, sealed[:19] + ".%%%" + secret} {
		_, err := s.Open(text, place)
		if err == nil || strings.Contains(err.Error(), "ya29") || strings.Contains(err.Error(), "cipher") || strings.Contains(err.Error(), "base64") || strings.Contains(err.Error(), place) {
			t.Errorf("Open() = %v", err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s := newSealer(f, bytes.Repeat([]byte{7}, 32))
	f.Add(golden, place)
	f.Add(golden[:len(golden)-1], place)
	f.Add("v1.."+golden, place)
	f.Add("v1.0123456789abcdef.", "")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, text, context string) {
		got, err := s.Open(text, context)
		if isGolden := text == golden && context == place; isGolden != (err == nil) || isGolden != (string(got) == "secret") {
			t.Errorf("Open(%q, %q) = %q, %v", text, context, got, err)
		}
	})
}
