package openapi

// advice is what a client can do about each problem, for the problem's page. The table of the
// document says the same.
var advice = map[string]string{
	"bad_request":               "Send well-formed HTTP.",
	"invalid_json":              "Send one JSON object.",
	"unauthorized":              "Log in.",
	"token_expired":             "Log in again: the token was good until its time ran out.",
	"invalid_credentials":       "Ask for account and password again.",
	"forbidden":                 "Ask an admin.",
	"account_disabled":          "Ask an admin to enable the account.",
	"wrong_password":            "Send the right `currentPassword`.",
	"reauthentication_required": "Log in again, then repeat the request within 10 minutes.",
	"not_found":                 "Check the address or the id.",
	"method_not_allowed":        "Use a method that `Allow` names.",
	"request_timeout":           "Send the whole request sooner.",
	"email_taken":               "Choose another address, or log in.",
	"username_taken":            "Choose another name.",
	"last_admin":                "Make somebody else an admin first.",
	"payload_too_large":         "Stay under 64 KiB.",
	"unsupported_media_type":    "Send `Content-Type: application/json`.",
	"validation_failed":         "Correct the fields that `errors` lists.",
	"header_too_large":          "Send fewer or shorter headers.",
	"internal":                  "Report it with its `requestId`.",
	"overloaded":                "Wait `Retry-After` seconds, then repeat.",
	"unavailable":               "Wait `Retry-After` seconds, then repeat.",
}
