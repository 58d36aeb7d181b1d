package request

// hasLoneSurrogate reports whether a JSON text escapes half of a UTF-16 surrogate pair, as
// "\ud83d" does. That is no character; encoding/json would put U+FFFD there without a word,
// and two different passwords would become one.
func hasLoneSurrogate(text []byte) bool {
	for i := 0; i+1 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // the escaped character, which may be another backslash
		if text[i] != 'u' {
			continue
		}
		unit := hexUnit(text[i+1:])
		switch {
		case unit < 0xD800 || unit > 0xDFFF:
		case unit >= 0xDC00: // a second half without a first
			return true
		default:
			next := text[min(i+5, len(text)):]
			if len(next) < 6 || next[0] != '\\' || next[1] != 'u' {
				return true
			}
			if second := hexUnit(next[2:]); second < 0xDC00 || second > 0xDFFF {
				return true
			}
			i += 6 // past the pair's second backslash and u
		}
	}
	return false
}

// hexUnit reads four hex digits; it returns -1 where there are none, which the JSON parser
// will refuse.
func hexUnit(b []byte) int {
	if len(b) < 4 {
		return -1
	}
	unit := 0
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			unit = unit<<4 | int(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			unit = unit<<4 | int(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return unit
}
