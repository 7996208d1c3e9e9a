package tokenizer

// trie finds added tokens in text. The zero value is empty.
type trie struct {
	first [256]bool // bytes that tokens begin with
	root  node
}

type node struct {
	next map[byte]*node
	id   int32
	end  bool
}

// add puts in a token, whose text is not empty. Of two with the same text the
// first counts.
func (t *trie) add(s string, id int32) {
	t.first[s[0]] = true
	n := &t.root
	for i := range len(s) {
		if n.next == nil {
			n.next = map[byte]*node{}
		}
		m := n.next[s[i]]
		if m == nil {
			m = &node{}
			n.next[s[i]] = m
		}
		n = m
	}
	if !n.end {
		n.id, n.end = id, true
	}
}

// find returns the first place in s where an added token stands, the longest
// one there, or -1.
func (t *trie) find(s string) (at, length int, id int32) {
	if t.root.next == nil {
		return -1, 0, 0
	}
	for at := range len(s) {
		if !t.first[s[at]] {
			continue
		}
		n, best := t.root.next[s[at]], 0
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
