package jinja_test

import (
	"context"
	"fmt"

	"moeflow/tokenizer/chat/jinja"
)

func Example() {
	t, err := jinja.Parse(`{%- for name, size in sizes|items %}
  {{- name }}: {{ size|tojson }}{{ ", " if not loop.last }}
{%- endfor %}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	sizes, err := jinja.DecodeJSON([]byte(`{"width": 3, "height": 2.50}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(t.Render(context.Background(), map[string]any{"sizes": sizes}, jinja.Options{}))
	_, err = jinja.Parse("{% if x %}\n{{ x }")
	fmt.Println(err)
	// Output:
	// width: 3, height: 2.5 <nil>
	// line 2: unexpected "}"
}
