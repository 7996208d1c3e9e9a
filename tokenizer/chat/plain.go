package chat

import (
	"context"
	"regexp"
	"strconv"
	"strings"
)

// Span is a part of a text: the bytes from From up to To.
type Span struct{ From, To int }

// hidden is what stands for a text while a template is rendered: its number between
// two characters that Unicode promises never to give a meaning.
var hidden = regexp.MustCompile("\ufdd0([0-9]+)\ufdd1")

// RenderPlain is Render for contents that must not forge tokens: it also tells
// where texts of the list, such as those of control tokens, come out of the
// messages rather than out of the template. The spans are in rising order.
func (t *Template) RenderPlain(ctx context.Context, c Conversation, texts []string) (string, []Span, error) {
	pairs := make([]string, 0, 2*len(texts))
	for i, s := range texts {
		pairs = append(pairs, s, "\ufdd0"+strconv.Itoa(i)+"\ufdd1")
	}
	hide := strings.NewReplacer(pairs...)
	messages := make([]Message, len(c.Messages))
	for i, m := range c.Messages {
		messages[i] = Message{}
		for k, v := range m {
			messages[i][k] = replaced(v, hide)
		}
	}
	c.Messages = messages
	text, err := t.Render(ctx, c)
	if err != nil {
		return "", nil, err
	}
	var out strings.Builder
	var spans []Span
	end := 0
	for _, at := range hidden.FindAllStringSubmatchIndex(text, -1) {
		n, err := strconv.Atoi(text[at[2]:at[3]])
		if err != nil || n >= len(texts) {
			continue // not put there by hide
		}
		out.WriteString(text[end:at[0]])
		from := out.Len()
		out.WriteString(texts[n])
		spans, end = append(spans, Span{from, out.Len()}), at[1]
	}
	out.WriteString(text[end:])
	return out.String(), spans, nil
}

// replaced is a value of a message with the texts in it replaced.
func replaced(v any, r *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		return r.Replace(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = replaced(v[i], r)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = replaced(v[k], r)
		}
		return out
	}
	return v
}
