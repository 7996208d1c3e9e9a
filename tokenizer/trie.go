package tokenizer

// trie finds added tokens in text. The zero value is empty.
type trie struct {
	next map[byte]*trie
	id   int32
	end  bool
}

func (t *trie) add(s string, id int32) {
	for i := range len(s) {
		if t.next == nil {
			t.next = map[byte]*trie{}
		}
		n := t.next[s[i]]
		if n == nil {
			n = &trie{}
			t.next[s[i]] = n
		}
		t = n
	}
	t.id, t.end = id, true
}

// find returns the first place in s where an added token stands, the longest
// one there, or -1.
func (t *trie) find(s string) (at, length int, id int32) {
	if t.next == nil {
		return -1, 0, 0
	}
	for at := range len(s) {
		n, best := t.next[s[at]], 0
		for i := at + 1; n != nil; i++ {
			if n.end {
				best, id = i-at, n.id
			}
			if i >= len(s) {
				break
			}
			n = n.next[s[i]]
		}
		if best > 0 {
			return at, best, id
		}
	}
	return -1, 0, 0
}
