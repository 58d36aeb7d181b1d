package serviceimpl

import "strings"

// reservedNames are usernames that other people take for the operator's.
var reservedNames = setOf(
	"abuse", "account", "accounts", "admin", "administration", "administrator", "admins", "anonymous", "api", "auth",
	"billing", "bot", "contact", "daemon", "everyone", "ftp", "guest", "help", "helpdesk", "hostmaster", "info", "legal",
	"login", "mail", "mailerdaemon", "me", "moderator", "news", "nobody", "noreply", "notifications", "null", "official",
	"operator", "owner", "postmaster", "privacy", "register", "root", "sales", "security", "service", "settings", "signup",
	"staff", "status", "superuser", "support", "sysadmin", "system", "team", "undefined", "usenet", "uucp", "verify",
	"webmaster", "www",
)

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

var withoutSeparators = strings.NewReplacer(".", "", "_", "", "-", "")

// reserved adds a fault where a person who is no admin chooses a username that is reserved.
func (f *faults) reserved(field, username string) {
	if reservedNames[withoutSeparators.Replace(strings.ToLower(username))] {
		f.add(field, "reserved")
	}
}
