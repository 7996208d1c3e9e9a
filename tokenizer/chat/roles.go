package chat

import (
	"context"
	"strings"
	"sync"

	"moeflow/tokenizer/chat/jinja"
)

// between stands between instructions that become one.
const between = "\n\n"

// arranged makes a conversation one that the template shows in full. A developer
// message is a system message to templates that know no developer. System
// messages behind the first message stay where they are if the template shows
// such ones. Templates that refuse them or pass over them get their text at the
// end of the first system message.
func (t *Template) arranged(ctx context.Context, messages []any) ([]any, error) {
	knows := t.template.Names("developer")
	out := make([]any, 0, len(messages))
	late := false
	for _, v := range messages {
		m := v.(*jinja.Dict)
		role, _ := m.Get("role")
		developer := role == "developer" && !knows
		if developer {
			m = m.Clone()
			m.Set("role", "system")
		}
		if developer && len(out) == 1 && isSystem(out[0]) {
			out[0] = joined(out[0].(*jinja.Dict), m)
			continue
		}
		late = late || len(out) > 0 && isSystem(m)
		out = append(out, m)
	}
	if !late {
		return out, nil
	}
	if shows, err := t.showsLateSystem(ctx); err != nil || shows {
		return out, err
	}
	return systemFirst(out), nil
}

// systemFirst joins all system messages at the beginning.
func systemFirst(messages []any) []any {
	out := make([]any, 1, len(messages)+1)
	var system *jinja.Dict
	for _, v := range messages {
		switch m := v.(*jinja.Dict); {
		case !isSystem(m):
			out = append(out, m)
		case system == nil:
			system = m
		default:
			system = joined(system, m)
		}
	}
	out[0] = system
	return out
}

func isSystem(v any) bool {
	role, _ := v.(*jinja.Dict).Get("role")
	return role == "system"
}

// joined is a message a with the content of b behind its own. Contents are texts,
// or lists of parts of which the texts are some.
func joined(a, b *jinja.Dict) *jinja.Dict {
	x, _ := a.Get("content")
	y, _ := b.Get("content")
	s, text1 := x.(string)
	u, text2 := y.(string)
	m := a.Clone()
	switch {
	case y == nil || y == "":
	case x == nil || x == "":
		m.Set("content", y)
	case text1 && text2:
		m.Set("content", s+between+u)
	default:
		// Parts are printed side by side, so the space between is part of one.
		list, err := jinja.FromGo(append(append(parts(x), part(between)), parts(y)...))
		if err == nil {
			m.Set("content", list)
		}
	}
	return m
}

func parts(v any) []any {
	if s, ok := v.(string); ok {
		return []any{part(s)}
	}
	if items, ok := jinja.Items(v); ok {
		return items
	}
	return []any{v}
}

func part(text string) any { return map[string]any{"type": "text", "text": text} }

// late is what a template does with system messages behind the first message,
// found out when it is first asked.
type late struct {
	sync.Mutex
	known, shows bool
}

// showsLateSystem tries a small conversation. The error is that of ctx.
func (t *Template) showsLateSystem(ctx context.Context) (bool, error) {
	t.late.Lock()
	defer t.late.Unlock()
	if t.late.known {
		return t.late.shows, nil
	}
	const mark = "a system message in between"
	var messages []any
	for _, m := range [][2]string{{"system", "s"}, {"user", "u"}, {"assistant", "a"}, {"system", mark}, {"user", "u"}} {
		d := &jinja.Dict{}
		d.Set("role", m[0])
		d.Set("content", m[1])
		messages = append(messages, d)
	}
	text, err := t.render(ctx, messages, Conversation{AddGenerationPrompt: true})
	if ctx.Err() != nil {
		return false, err
	}
	t.late.known, t.late.shows = true, err == nil && strings.Contains(text, mark)
	return t.late.shows, nil
}
