package cli

import (
	"strings"
	"testing"
)

func TestPromptBar(t *testing.T) {
	var out strings.Builder
	show := promptBar(&out)
	for done := 512; done <= 2048; done += 512 {
		show(done, 2048)
	}
	if text := out.String(); !strings.Contains(text, "reading the prompt") || !strings.Contains(text, "1536/2048") {
		t.Errorf("a long prompt shows %q", text)
	}
	out.Reset()
	promptBar(&out)(512, 600)
	if out.Len() > 0 {
		t.Errorf("a short prompt shows %q", out.String())
	}
}
