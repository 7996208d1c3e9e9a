package tokenizer_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"moeflow/tokenizer"
)

// goSource is the source of the standard library, up to n bytes.
func goSource(b *testing.B, n int) string {
	files, err := filepath.Glob(filepath.Join(runtime.GOROOT(), "src", "*", "*.go"))
	if err != nil || len(files) == 0 {
		b.Fatal("no Go source: ", err)
	}
	var text strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		if text.Write(data); text.Len() > n {
			break
		}
	}
	return text.String()
}

func BenchmarkEncodeGo(b *testing.B) {
	tok := loadQwen3(b)
	text := goSource(b, 4<<20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		tok.Encode(text, true)
	}
}

func BenchmarkDecode(b *testing.B) {
	tok := loadQwen3(b)
	text := goSource(b, 1<<20)
	ids := tok.Encode(text, true)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		d := tok.NewDecoder()
		for _, id := range ids {
			d.Add(id)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	c, err := qwen3Config()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := tokenizer.New(c); err != nil {
			b.Fatal(err)
		}
	}
}
