package openapi_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/domain/models"
)

// The document names the fields that the code reads and writes, no more and no fewer.
func TestBodiesHaveTheFieldsOfTheCode(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	for schema, body := range map[string]any{
		"RegisterRequest":       dto.RegisterRequest{},
		"LoginRequest":          dto.LoginRequest{},
		"UpdateMeRequest":       dto.UpdateUserRequest{},
		"ChangePasswordRequest": dto.ChangePasswordRequest{},
		"DeleteMeRequest":       dto.DeleteUserRequest{},
		"ProofRequest":          dto.ProofRequest{},
		"CreateUserRequest":     dto.CreateUserRequest{},
		"UpdateUserRequest":     dto.AdminUpdateUserRequest{},
		"User":                  dto.User{},
		"UserPage":              dto.UserPage{},
		"SnapshotUser":          dto.SnapshotUser{},
		"SnapshotPage":          dto.SnapshotPage{},
		"Auth":                  dto.Auth{},
		"Settings":              dto.Settings{},
		"ExchangeRequest":       dto.ExchangeRequest{},
		"CompleteOAuthRequest":  dto.CompleteOAuthRequest{},
		"RefreshRequest":        dto.RefreshRequest{},
		"Session":               dto.Session{},
		"AuditEntry":            dto.AuditEntry{},
		"AuditPage":             dto.AuditPage{},
		"Export":                dto.Export{},
		"ForgotPasswordRequest": dto.ForgotPasswordRequest{},
		"ResetPasswordRequest":  dto.ResetPasswordRequest{},
		"VerifyEmailRequest":    dto.VerifyEmailRequest{},
	} {
		want := jsonFields(reflect.TypeOf(body))
		if got := sortedKeys(doc.Components.Schemas[schema].Value.Properties); !slices.Equal(got, want) {
			t.Errorf("%s has the fields %v, the code has %v", schema, got, want)
		}
	}
}

// What the code always writes, the document promises.
func TestResponsesPromiseEveryField(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	sometimes := map[string]string{"Auth": "refreshToken"} // by cookie elsewhere
	for _, schema := range []string{"User", "UserPage", "SnapshotUser", "SnapshotPage", "Auth", "Settings", "Session", "AuditEntry", "AuditPage", "Export", "FieldError", "Health"} {
		s := doc.Components.Schemas[schema].Value
		want := slices.DeleteFunc(sortedKeys(s.Properties), func(name string) bool { return name == sometimes[schema] })
		if got := slices.Sorted(slices.Values(s.Required)); !slices.Equal(got, want) {
			t.Errorf("%s requires %v, want %v", schema, got, want)
		}
	}
	if n := reflect.TypeFor[domain.FieldError]().NumField(); n != len(doc.Components.Schemas["FieldError"].Value.Properties) {
		t.Errorf("domain.FieldError has %d fields, the document another number", n)
	}
}

func TestEveryAuditActionIsDocumented(t *testing.T) {
	t.Parallel()
	var want []any
	for _, action := range models.AuditActions() {
		want = append(want, string(action))
	}
	if got := loadDocument(t).Components.Schemas["AuditEntry"].Value.Properties["action"].Value.Enum; !slices.Equal(got, want) {
		t.Errorf("the document knows the actions %v, the code %v", got, want)
	}
}

func jsonFields(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
