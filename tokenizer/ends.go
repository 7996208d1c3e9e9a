package tokenizer

import (
	"maps"
	"slices"
)

// ends are the texts of tokens that end an answer in the models of the field,
// whether or not a file's keys name them: the end of a turn, of a message, of a
// document, and what follows a fill in the middle (padding, the next file, the
// next repository). A file may give such a token any type; a model that makes the
// token has ended.
var ends = textSet("<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>",
	"<|return|>", "<|call|>", "<|calls|>", "<|flush|>", "<end_of_utterance>", "<turn|>",
	"<|fim_pad|>", "<|fim_repo|>", "<|repo_name|>", "<|file_sep|>")

// controlEnds are texts that do the same where the file says that the token is of
// control, and that are ordinary text in other vocabularies: Qwen's has "</s>"
// among the pieces of HTML.
var controlEnds = textSet("</s>", "<eos>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<fim-pad>", "<PAD>", "<fim-repo>", "<REPO>", "<reponame>")

func textSet(texts ...string) map[string]bool {
	m := make(map[string]bool, len(texts))
	for _, s := range texts {
		m[s] = true
	}
	return m
}

// markEnds notes the tokens that end a text by their own text, and gives them the
// type of control tokens: they are not printed, and the text of others cannot
// forge them.
func (t *Tokenizer) markEnds(tokens []string) {
	for i, s := range tokens {
		id := int32(i)
		switch {
		case ends[s]:
			if t.types == nil {
				t.types = slices.Repeat([]int32{typeNormal}, len(tokens))
			}
			t.types[id], t.eog[id] = typeControl, true
		case controlEnds[s] && t.kind(id) == typeControl:
			t.eog[id] = true
		}
	}
}

// EOGs are the tokens that end a text, in rising order.
func (t *Tokenizer) EOGs() []int32 { return slices.Sorted(maps.Keys(t.eog)) }

// IsEOG tells whether a token ends a text: those that the file's keys name (EOS,
// EOT and the like), and those that the field knows by their text.
func (t *Tokenizer) IsEOG(id int32) bool { return t.eog[id] }
