package request_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/valyala/fasthttp"

	"gofiber-auth/domain"
	"gofiber-auth/domain/dto"
	"gofiber-auth/interfaces/api/request"
)

type common struct {
	Note string `json:"note"`
}

type body struct {
	Email    string               `json:"email"`
	Nickname *string              `json:"nickname"`
	Active   bool                 `json:"active"`
	Age      int                  `json:"age"`
	Tags     []string             `json:"tags"`
	Rest     map[string]string    `json:"rest"`
	Name     dto.Optional[string] `json:"name"`
	Flag     dto.Optional[bool]   `json:"flag"`
	Ratio    float64              `json:"ratio"`
	At       time.Time            `json:"at"`
	Hidden   string               `json:"-"`
	Untagged string
	common
}

// posted returns the context of a request that has text for a body, in that very memory.
func posted(t testing.TB, text []byte) *fiber.Ctx {
	t.Helper()
	app := fiber.New()
	var ctx fasthttp.RequestCtx
	ctx.Request.SetBodyRaw(text)
	c := app.AcquireCtx(&ctx)
	t.Cleanup(func() { app.ReleaseCtx(c) })
	return c
}

func TestDecode(t *testing.T) {
	t.Parallel()
	nickname := "ada"
	for name, tt := range map[string]struct {
		json string
		want body
	}{
		"an empty object":     {`{}`, body{}},
		"space around":        {" \r\n\t{\"email\":\"a\"}\n ", body{Email: "a"}},
		"every kind":          {`{"email":"a","nickname":"ada","active":true,"age":36,"tags":["x"],"rest":{"k":"v"}}`, body{Email: "a", Nickname: &nickname, Active: true, Age: 36, Tags: []string{"x"}, Rest: map[string]string{"k": "v"}}},
		"unknown fields":      {`{"role":"admin","email":"a","x":{"email":"b"}}`, body{Email: "a"}},
		"other case":          {`{"EMAIL":"b","Email":"c"}`, body{}},
		"other case beside":   {`{"email":"a","EMAIL":"b"}`, body{Email: "a"}},
		"twice":               {`{"email":"a","email":"b"}`, body{Email: "b"}},
		"untagged and hidden": {`{"Hidden":"h","Untagged":"u","-":"m"}`, body{}},
		"null":                {`{"email":null,"nickname":null,"active":null,"age":null,"tags":null}`, body{}},
		"an embedded struct":  {`{"note":"n"}`, body{common: common{Note: "n"}}},
		"optional, absent":    {`{"email":"a"}`, body{Email: "a"}},
		"optional, null":      {`{"name":null}`, body{Name: dto.Optional[string]{Present: true, Null: true}}},
		"optional, a value":   {`{"name":"n","flag":false}`, body{Name: dto.Some("n"), Flag: dto.Some(false)}},
		"escaped":             {`{"email":"\u0e01\ud83d\ude00\\ud83d\"\/"}`, body{Email: "ก😀\\ud83d\"/"}},
		"Thai":                {`{"email":"สวัสดี"}`, body{Email: "สวัสดี"}},
		"NUL":                 {`{"email":"a\u0000b"}`, body{Email: "a\x00b"}}, // for the field's own rule to refuse
		"deep, and unknown":   {`{"email":"a","x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, body{Email: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got body
			if err := request.Decode(posted(t, []byte(tt.json)), &got, true); err != nil {
				t.Fatalf("Decode(%.80s) = %v", tt.json, err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(body{})); diff != "" {
				t.Errorf("Decode(%.80s) (-want +got):\n%s", tt.json, diff)
			}
		})
	}
}

func TestDecodeInvalidJSON(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"space":                   " \n",
		"null":                    `null`,
		"a string":                `"a"`,
		"a number":                `1`,
		"an array":                `[{"email":"a"}]`,
		"half":                    `{"email":"a"`,
		"a comma too many":        `{"email":"a",}`,
		"single quotes":           `{'email':'a'}`,
		"a comment":               `{"email":"a"} // a`,
		"trailing data":           `{"email":"a"}x`,
		"two objects":             `{"email":"a"}{"email":"b"}`,
		"a form":                  `email=a`,
		"a byte order mark":       "\ufeff{}",
		"NUL":                     "{\"email\":\"a\x00b\"}",
		"a raw newline":           "{\"email\":\"a\nb\"}",
		"not UTF-8":               "{\"email\":\"a\xffb\"}",
		"not UTF-8, unknown":      "{\"x\":\"a\xffb\"}",
		"Latin-1":                 "{\"email\":\"caf\xe9\"}",
		"half a surrogate pair":   `{"email":"a\ud83d"}`,
		"and then text":           `{"email":"\ud83dabcdef"}`,
		"and then another escape": `{"email":"\ud83d\n12345"}`,
		"two first halves":        `{"email":"\ud83d\ud83d"}`,
		"the second half":         `{"email":"\uDE00"}`,
		"halves the wrong way":    `{"email":"\ude00\ud83d"}`,
		"after a backslash":       `{"email":"\\\ud83d"}`,
		"in a name":               `{"\ud83d":"a"}`,
		"NaN":                     `{"age":NaN}`,
		"deeper than 10,000":      `{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`,
		"deep and never closed":   `{"x":` + strings.Repeat("[", 60000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got body
			if err := request.Decode(posted(t, []byte(text)), &got, true); !errors.Is(err, domain.ErrInvalidJSON) {
				t.Errorf("Decode(%.80q) = %v, want invalid_json", text, err)
			}
			if diff := cmp.Diff(body{}, got, cmp.AllowUnexported(body{})); diff != "" {
				t.Errorf("something was decoded:\n%s", diff)
			}
		})
	}
}

func TestDecodeWrongTypes(t *testing.T) {
	t.Parallel()
	c := posted(t, []byte(`{"email":1,"nickname":{},"active":"yes","age":1.5,"tags":"x","rest":[],"name":["n"],"flag":0,"note":true,"ratio":"1","at":"yesterday"}`))
	var got body
	err := request.Decode(c, &got, true)
	invalid, ok := errors.AsType[*domain.Error](err)
	if !ok || !errors.Is(err, domain.ErrValidation) {
		t.Fatalf("Decode() = %v, want validation_failed", err)
	}
	want := []domain.FieldError{
		{Field: "email", Code: "type", Message: "must be a string"},
		{Field: "nickname", Code: "type", Message: "must be a string"},
		{Field: "active", Code: "type", Message: "must be true or false"},
		{Field: "age", Code: "type", Message: "must be a whole number"},
		{Field: "tags", Code: "type", Message: "must be an array"},
		{Field: "rest", Code: "type", Message: "must be an object"},
		{Field: "name", Code: "type", Message: "must be a string"},
		{Field: "flag", Code: "type", Message: "must be true or false"},
		{Field: "ratio", Code: "type", Message: "must be a number"},
		{Field: "at", Code: "type", Message: "has the wrong JSON type"},
		{Field: "note", Code: "type", Message: "must be a string"},
	}
	if diff := cmp.Diff(want, invalid.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestDecodeNoBody(t *testing.T) {
	t.Parallel()
	got := body{Email: "as it was"}
	if err := request.Decode(posted(t, nil), &got, true); !errors.Is(err, domain.ErrInvalidJSON) {
		t.Errorf("a required body: Decode() = %v, want invalid_json", err)
	}
	if err := request.Decode(posted(t, nil), &got, false); err != nil || got.Email != "as it was" {
		t.Errorf("an optional body: Decode() = %v, and %+v", err, got)
	}
	if err := request.Decode(posted(t, []byte("nonsense")), &got, false); !errors.Is(err, domain.ErrInvalidJSON) {
		t.Errorf("an optional body that is there: Decode() = %v, want invalid_json", err)
	}
}

// TestDecodedValuesMayBeKept overwrites the request's memory, as the next request does.
func TestDecodedValuesMayBeKept(t *testing.T) {
	t.Parallel()
	text := []byte(`{"email":"aaaa","nickname":"aaaa","tags":["aaaa"],"rest":{"aaaa":"aaaa"},"name":"aaaa"}`)
	var got body
	if err := request.Decode(posted(t, text), &got, true); err != nil {
		t.Fatal(err)
	}
	copy(text, strings.Repeat("b", len(text)))
	kept := fmt.Sprint(got.Email, *got.Nickname, got.Tags, got.Rest, got.Name.Value)
	if want := "aaaaaaaa[aaaa] map[aaaa:aaaa]aaaa"; kept != want {
		t.Errorf("what was decoded became %s, want %s", kept, want)
	}
}
