package serviceimpl

import (
	"cmp"
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"gofiber-auth/domain/models"
	"gofiber-auth/domain/repositories"
	"gofiber-auth/pkg/contextutil"
)

// loggedIn notes on a locked user what a log-in tells, and sends a notice where the network and
// device are new. Save the user afterwards.
func loggedIn(ctx context.Context, r repositories.Set, mails *MailPromises, u *models.User, from models.Client, now time.Time) error {
	u.LastLoginAt = &now
	u.Language = cmp.Or(contextutil.CallerOf(ctx).Language, u.Language)
	tell, err := sawDevice(ctx, r, u.ID, from, now)
	if err != nil || !tell {
		return err
	}
	return mails.tell(ctx, r, models.MailNewDevice, *u, map[string]string{models.MailDevice: deviceName(from.UserAgent), models.MailNetwork: from.Network()})
}

// sawDevice records where a user logs in, which is stored already, and reports whether the owner is
// to be told.
func sawDevice(ctx context.Context, r repositories.Set, userID string, from models.Client, now time.Time) (tell bool, err error) {
	device := deviceName(from.UserAgent)
	if device == "" {
		device, _, _ = strings.Cut(from.UserAgent, "/") // a program, without its version
	}
	fingerprint := sha256.Sum256([]byte(userID + "\x00" + from.Network() + "\x00" + device))
	return r.Devices.Seen(ctx, userID, fingerprint[:], now)
}

// The families of browsers and systems by what their User-Agent holds. Earlier rows win: many
// browsers name others, too.
var (
	browsers = []family{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"},
		{"Firefox", "Firefox"},
		{"FxiOS", "Firefox"},
		{"CriOS", "Chrome"},
		{"Chrome", "Chrome"},
		{"Safari", "Safari"},
		{"curl/", "curl"},
	}
	systems = []family{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Macintosh", "macOS"},
		{"Linux", "Linux"},
	}
)

type family struct{ mark, name string }

// deviceName returns what a person recognises a device by, such as "Firefox on Windows", or "". It
// never returns text of the client's own: it stands in mails.
func deviceName(userAgent string) string {
	browser, system := familyOf(userAgent, browsers), familyOf(userAgent, systems)
	if browser != "" && system != "" {
		return browser + " on " + system
	}
	return browser + system
}

func familyOf(userAgent string, families []family) string {
	for _, f := range families {
		if strings.Contains(userAgent, f.mark) {
			return f.name
		}
	}
	return ""
}
