package model

// Middle are the tokens for filling in the middle: those before the text before,
// before the text behind, and before what is to be written. ok is false if the file
// has no such tokens, by its keys or by the texts that Qwen's and other models have.
func (m *Model) Middle() (before, behind, between int32, ok bool) {
	ids := [3]int32{}
	for i, names := range [3][3]string{{"fim_pre", "prefix", "<|fim_prefix|>"}, {"fim_suf", "suffix", "<|fim_suffix|>"}, {"fim_mid", "middle", "<|fim_middle|>"}} {
		id := -1
		for _, name := range names[:2] {
			if n, err := tokenID(m.File, name, m.Tokenizer.VocabSize()); err == nil && n >= 0 {
				id = n
			}
		}
		if t := m.Tokenizer.Encode(names[2], true); id < 0 && len(t) == 1 {
			id = int(t[0])
		}
		if id < 0 {
			return 0, 0, 0, false
		}
		ids[i] = int32(id)
	}
	return ids[0], ids[1], ids[2], true
}
