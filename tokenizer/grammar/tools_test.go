package grammar

import "testing"

func TestTools(t *testing.T) {
	v := vocabularyOf(t)
	tools := []Tool{
		{"read", []byte(`{"type":"object","properties":{"path":{"type":"string"},"n":{"type":"integer"}},"required":["path"],"additionalProperties":false}`)},
		{"stop", nil},
	}
	for _, c := range []struct {
		o         ToolOptions
		good, bad []string
	}{
		{ToolOptions{}, []string{
			"<tool_call>\n{\"name\": \"read\", \"arguments\": {\"path\": \"a\", \"n\": 1}}\n</tool_call>",
			Marker + "<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>",
		}, []string{
			"", "<tool_call>\n{\"name\": \"read\", \"arguments\": {}}\n</tool_call>",
			"<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>",
		}},
		{ToolOptions{XML: true, Parallel: true}, []string{
			"<tool_call>\n<function=read>\n<parameter=n>\n7\n</parameter>\n<parameter=path>\na</parameter>\"\nb\n</parameter>\n</function>\n</tool_call>",
			"<tool_call>\n<function=stop>\n</function>\n</tool_call>\n<tool_call>\n<function=stop>\n</function>\n</tool_call>",
		}, []string{
			"<tool_call>\n<function=read>\n</function>\n</tool_call>",
			"<tool_call>\n<function=read>\n<parameter=n>\nx\n</parameter>\n<parameter=path>\na\n</parameter>\n</function>\n</tool_call>",
		}},
	} {
		g, err := Tools(v, tools, c.o)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range c.good {
			if m := g.NewMatcher(); m.AcceptText(text) != nil || !m.CanEnd() {
				t.Errorf("%+v: %q is refused", c.o, text)
			}
		}
		for _, text := range c.bad {
			if m := g.NewMatcher(); m.AcceptText(text) == nil && m.CanEnd() {
				t.Errorf("%+v: %q is accepted", c.o, text)
			}
		}
	}
	if _, err := Tools(v, nil, ToolOptions{}); err == nil {
		t.Error("no tools are no error")
	}
}
