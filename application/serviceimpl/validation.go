// Package serviceimpl implements the use cases on the ports of the domain.
package serviceimpl

import (
	"errors"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// Validation happens here rather than in the handlers, so that no way in (HTTP, authctl,
// an identity provider) can go round it, and all faults of a body are told at once.

var (
	validate = newValidate()
	// A local part of plain characters: RFC 5321 allows quotes with spaces in them, too, which
	// nobody has and much software gets wrong.
	emailPattern = regexp.MustCompile("^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[!-?A-~]+$")
	// A SHA-256 in base64url without padding, RFC 7636 section 4.2.
	codeChallengePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	idPattern            = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	usernamePattern      = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
)

func newValidate() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	// The rules of the fields, each written once.
	v.RegisterAlias("email_address", "required,max=255,email_form,email")
	v.RegisterAlias("username", "required,min=3,max=50,username_form")
	v.RegisterAlias("display_name", "min=1,max=100,display_name_form")
	v.RegisterAlias("avatar", "max=2048,https_url")
	v.RegisterAlias("role", "oneof=user admin")
	v.RegisterAlias("front_end_state", "max=1024,utf8")
	v.RegisterAlias("user_id", "id_form")
	v.RegisterAlias("audit_action", "oneof="+auditActions())
	rules := map[string]func(string) bool{
		"email_form":        emailPattern.MatchString,
		"username_form":     usernamePattern.MatchString,
		"display_name_form": isDisplayName,
		"https_url":         isHTTPSURL,
		"code_challenge":    codeChallengePattern.MatchString,
		"utf8":              utf8.ValidString,
		"id_form":           idPattern.MatchString,
	}
	for tag, rule := range rules {
		// It fails for an empty tag or function only.
		_ = v.RegisterValidation(tag, func(f validator.FieldLevel) bool { return rule(f.Field().String()) })
	}
	return v
}

func isDisplayName(s string) bool {
	return utf8.ValidString(s) && strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, isUnseen)
}

// unseen are the characters of format that hide, or that turn the text around them.
var unseen = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00ad, Hi: 0x00ad, Stride: 1}, // soft hyphen
		{Lo: 0x061c, Hi: 0x061c, Stride: 1}, // Arabic letter mark
		{Lo: 0x180e, Hi: 0x180e, Stride: 1}, // Mongolian vowel separator
		{Lo: 0x200b, Hi: 0x200f, Stride: 1}, // zero-width space, joiners and direction marks
		{Lo: 0x202a, Hi: 0x202e, Stride: 1}, // embeddings and overrides
		{Lo: 0x2060, Hi: 0x2069, Stride: 1}, // word joiner, invisible operators, isolates
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1}, // byte order mark
	},
	LatinOffset: 1,
}

// isUnseen reports whether a name must not have the character: it could pass for another name.
func isUnseen(r rune) bool { return unicode.IsControl(r) || unicode.Is(unseen, r) }

func isHTTPSURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && !strings.ContainsFunc(s, unicode.IsSpace)
}

// faults gathers what is wrong with a body.
type faults []domain.FieldError

// err returns nil where nothing is wrong.
func (f faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return domain.InvalidFields(f...)
}

func (f *faults) add(field, code string) {
	*f = append(*f, domain.FieldError{Field: field, Code: code, Message: faultMessages[code]})
}

// checkRegister returns a domain.ErrValidation with all that is wrong, or nil; so do the others.
func checkRegister(in dto.RegisterRequest) error {
	var f faults
	f.body(in)
	f.reserved("username", in.Username)
	f.password("password", in.Password, in.Username, in.Email)
	return f.err()
}

func checkComplete(in dto.CompleteOAuthRequest) error {
	var f faults
	f.body(in)
	if in.Username != nil {
		f.reserved("username", *in.Username)
	}
	return f.err()
}

func checkBody(in any) error {
	var f faults
	f.body(in)
	return f.err()
}

func checkCreate(in dto.CreateUserRequest) error {
	var f faults
	f.body(in)
	if in.Password != nil {
		f.required("password", *in.Password)
		f.password("password", *in.Password, in.Username, in.Email)
	}
	return f.err()
}

func checkChangePassword(in dto.ChangePasswordRequest, u models.User) error {
	var f faults
	f.body(in)
	f.password("newPassword", in.NewPassword, u.Username, u.Email)
	return f.err()
}

func checkUpdate(in dto.UpdateUserRequest, u models.User) error {
	var f faults
	if in.Username.Present && in.Username.Value != u.Username && u.Role != models.RoleAdmin {
		f.reserved("username", in.Username.Value)
	}
	f.identity(in.Email, in.Username, in.DisplayName, in.Avatar)
	f.optional("currentPassword", in.CurrentPassword, "", false)
	return f.err()
}

func checkAdminUpdate(in dto.AdminUpdateUserRequest) error {
	var f faults
	f.identity(in.Email, in.Username, in.DisplayName, in.Avatar)
	f.optional("role", in.Role, "role", false)
	f.optional("currentPassword", in.CurrentPassword, "", false)
	if in.IsActive.Null {
		f.add("isActive", "not_null")
	}
	return f.err()
}

// identity checks the fields that a user and an admin may both change. Those of a
// POST body have the same rules, by their tags in dto.
func (f *faults) identity(email, username, displayName, avatar dto.Optional[string]) {
	f.optional("email", email, "email_address", false)
	f.optional("username", username, "username", false)
	f.optional("displayName", displayName, "display_name", true)
	f.optional("avatar", avatar, "avatar", true)
}

func (f *faults) required(field, value string) {
	if value == "" {
		f.add(field, "required")
	}
}

// body checks a struct by its validate tags.
func (f *faults) body(in any) { f.gather("", validate.Struct(in)) }

// optional checks a field of a PATCH body by a rule; null is a fault unless it clears the field.
func (f *faults) optional(field string, o dto.Optional[string], rule string, nullable bool) {
	switch {
	case !o.Present || o.Null && nullable || !o.Null && rule == "":
	case o.Null:
		f.add(field, "not_null")
	default:
		f.gather(field, validate.Var(o.Value, rule))
	}
}

// gather adds what the validator found; field names the one where the validator knows no name.
func (f *faults) gather(field string, err error) {
	var found validator.ValidationErrors
	if !errors.As(err, &found) {
		return
	}
	for _, e := range found {
		name := field
		if name == "" {
			name = e.Field()
		}
		f.add(name, faultCode(e.ActualTag()))
	}
}

// faultCode returns the code that clients see for a rule of the validator.
func faultCode(tag string) string {
	switch tag {
	case "required", "required_with", "required_without":
		return "required"
	case "min":
		return "too_short"
	case "max":
		return "too_long"
	case "oneof":
		return "unknown_value"
	default:
		return "format"
	}
}

var faultMessages = map[string]string{
	"required":          "is needed",
	"format":            "does not have the form that is wanted",
	"too_short":         "is too short",
	"too_long":          "is too long",
	"unknown_value":     "is none of the values that are known",
	"not_null":          "cannot be null",
	"common_password":   "is one of the passwords that are guessed first",
	"breached_password": "is among passwords that were stolen elsewhere",
	"reserved":          "is kept for those who run this service",
	"contains_identity": "must not contain the username or the e-mail address",
}
